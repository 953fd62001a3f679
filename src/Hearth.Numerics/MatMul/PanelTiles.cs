using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Rows of a panel to a float32 tile of two halves, [k][16] each: outputs 0-15 at <c>tile</c>, 16-31 at <c>tile + half</c>.</summary>
internal static unsafe class PanelTiles
{
    /// <summary>Widens rows <paramref name="start"/> .. + <paramref name="length"/>; of quantised panels whole runs that share scales.</summary>
    public static void Fill(WeightType type, byte* panel, int start, int length, float* tile, nint half, bool vector)
    {
        if (!vector) FillPortable(type, panel, start, length, tile, half);
        else switch (type)
            {
                case WeightType.F32: Fill<F32Row>(panel, start, length, tile, half); break;
                case WeightType.BF16: Fill<BF16Row>(panel, start, length, tile, half); break;
                case WeightType.F16: Fill<F16Row>(panel, start, length, tile, half); break;
                case WeightType.Q8_0: Fill<Q8Row>(panel, start, length, tile, half); break;
                case WeightType.Q4_0: Fill<Q40Row>(panel, start, length, tile, half); break;
                case WeightType.Q4_1: Fill<Q41Row>(panel, start, length, tile, half); break;
                case WeightType.Q4_K: Fill<Q4KRow>(panel, start, length, tile, half); break;
                case WeightType.Q6_K: Fill<Q6KRow>(panel, start, length, tile, half); break;
            }
    }

    private static void Fill<TRow>(byte* panel, int start, int length, float* tile, nint half) where TRow : struct, IPanelRow
    {
        int run = Math.Min(TRow.Run, length);
        float* scales = stackalloc float[BlockScales.Scratch];
        for (int k = 0; k < length; k += run) FillRows<TRow>(TRow.Seek(panel, start + k, scales, k == 0), run, scales, tile + k * 16, half);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FillRows<TRow>(byte* row, int length, float* scales, float* tile, nint half) where TRow : struct, IPanelRow
    {
        for (float* end = tile + length * 16; tile < end; tile += 16, row += TRow.RowBytes)
        {
            Avx.Store(tile, TRow.At256(row, scales, 0));
            Avx.Store(tile + 8, TRow.At256(row, scales, 1));
            Avx.Store(tile + half, TRow.At256(row, scales, 2));
            Avx.Store(tile + half + 8, TRow.At256(row, scales, 3));
        }
    }

    private static void FillPortable(WeightType type, byte* panel, int start, int length, float* tile, nint half)
    {
        for (int k = 0; k < length; k++)
        {
            for (int column = 0; column < 32; column++)
                tile[column / 16 * half + k * 16 + column % 16] = Widening.Read(type, panel, start + k, column);
        }
    }
}
