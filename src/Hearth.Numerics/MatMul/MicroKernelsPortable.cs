namespace Hearth.Numerics;

/// <summary>Products without fused multiply-add: correct to rounding, with a numerics id of their own (E0).</summary>
internal static unsafe class MicroKernelsPortable
{
    /// <summary>Rows in a group.</summary>
    public const int Rows = 4;

    /// <summary>c[r][j] continues its chain over a[k][r] * b[k][j], k ascending, for 4 rows and half a tile of 16 columns.</summary>
    public static void Rows4(float* a, float* b, nint length, float* c, nint stride, bool reload)
    {
        for (int row = 0; row < Rows; row++, c += stride)
        {
            for (int column = 0; column < 16; column++)
            {
                float sum = reload ? c[column] : 0f;
                for (nint k = 0; k < length; k++) sum += a[k * Rows + row] * b[k * 16 + column];
                c[column] = sum;
            }
        }
    }
}
