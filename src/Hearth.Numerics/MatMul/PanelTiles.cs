using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Rows of a panel to a float32 tile of two halves, [k][16] each: outputs 0-15 at <c>tile</c>, 16-31 at <c>tile + half</c>.</summary>
internal static unsafe class PanelTiles
{
    /// <summary>Widens rows <paramref name="start"/> .. + <paramref name="length"/>; of quantised panels whole blocks.</summary>
    public static void Fill(WeightType type, byte* panel, int start, int length, float* tile, nint half, bool vector)
    {
        if (!vector) FillPortable(type, panel, start, length, tile, half);
        else switch (type)
            {
                case WeightType.F32: Fill<F32Row256>(panel, start, length, tile, half); break;
                case WeightType.BF16: Fill<BF16Row256>(panel, start, length, tile, half); break;
                case WeightType.F16: Fill<F16Row256>(panel, start, length, tile, half); break;
                case WeightType.Q8_0: Fill<Q8Row256>(panel, start, length, tile, half); break;
                case WeightType.Q4_0: Fill<Q40Row256>(panel, start, length, tile, half); break;
                case WeightType.Q4_1: Fill<Q41Row256>(panel, start, length, tile, half); break;
            }
    }

    /// <summary>Widens the 32 scales, and the 32 minima where there are any, of a block.</summary>
    public static void WidenScales(byte* block, int scaleBytes, float* scales)
    {
        for (int i = 0; i < scaleBytes / 2; i += 8) Avx.Store(scales + i, F16Row256.Widen(block + 2 * i));
    }

    private static void Fill<TRow>(byte* panel, int start, int length, float* tile, nint half) where TRow : struct, IPanelRow256
    {
        if (TRow.ScaleBytes == 0)
        {
            FillRows<TRow>(panel + (nint)start * TRow.RowBytes, length, null, tile, half);
            return;
        }
        float* scales = stackalloc float[64];
        int blockBytes = TRow.ScaleBytes + 32 * TRow.RowBytes;
        byte* block = panel + (nint)(start / 32) * blockBytes;
        for (int k = 0; k < length; k += 32, block += blockBytes)
        {
            WidenScales(block, TRow.ScaleBytes, scales);
            FillRows<TRow>(block + TRow.ScaleBytes, 32, scales, tile + k * 16, half);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FillRows<TRow>(byte* row, int length, float* scales, float* tile, nint half) where TRow : struct, IPanelRow256
    {
        for (float* end = tile + length * 16; tile < end; tile += 16, row += TRow.RowBytes)
        {
            Avx.Store(tile, TRow.At(row, scales, 0));
            Avx.Store(tile + 8, TRow.At(row, scales, 1));
            Avx.Store(tile + half, TRow.At(row, scales, 2));
            Avx.Store(tile + half + 8, TRow.At(row, scales, 3));
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
