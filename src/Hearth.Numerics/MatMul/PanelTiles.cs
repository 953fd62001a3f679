using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>Rows of a panel to a float32 tile of two halves, [k][16] each: outputs 0-15 at <c>tile</c>, 16-31 at <c>tile + half</c>.</summary>
internal static unsafe class PanelTiles
{
    /// <summary>Widens rows <paramref name="start"/> .. + <paramref name="length"/>; of quantised panels whole runs that share scales. <paramref name="finite"/> is <see cref="PackedWeight.IsFinite"/>.</summary>
    public static void Fill(WeightType type, bool finite, byte* panel, int start, int length, float* tile, nint half, SimdLevel level)
    {
        if (level == SimdLevel.Avx512) Fill<Avx512Lanes>(type, finite, panel, start, length, tile, half);
        else if (level == SimdLevel.Avx2) Fill<Avx2Lanes>(type, finite, panel, start, length, tile, half);
        else FillPortable(type, panel, start, length, tile, half);
    }

    private static void Fill<T>(WeightType type, bool finite, byte* panel, int start, int length, float* tile, nint half) where T : unmanaged, IWideningLanes<T>
    {
        switch (type)
        {
            case WeightType.F32: Fill<T, F32Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.BF16: Fill<T, BF16Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.F16 when finite: Fill<T, FiniteF16Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.F16: Fill<T, F16Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.Q8_0: Fill<T, Q8Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.Q4_0: Fill<T, Q40Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.Q4_1: Fill<T, Q41Columns<T>>(panel, start, length, tile, half); break;
            case WeightType.Q4_K: Fill<T, Q4KColumns<T>>(panel, start, length, tile, half); break;
            case WeightType.Q6_K: Fill<T, Q6KColumns<T>>(panel, start, length, tile, half); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill<T, TColumns>(byte* panel, int start, int length, float* tile, nint half)
        where T : unmanaged, IWideningLanes<T>
        where TColumns : unmanaged, IColumns<T>
    {
        TColumns left = default, right = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        int run = Math.Min(TColumns.Run, length);
        for (int k = 0; k < length; k += run)
        {
            left.Enter(panel, start + k, 0, scratch, fresh: k == 0);
            right.Enter(panel, start + k, 1, scratch + Columns.Scratch, fresh: k == 0);
            byte* leg = TColumns.Legs(panel, start + k);
            for (int rest = run; rest > 0;)
            {
                left.Load(leg, rest, 0);
                right.Load(leg, rest, 1);
                int next = rest - TColumns.Leg(rest);
                leg += TColumns.LegBytes(rest);
                for (; rest > next; rest--, tile += 16)
                {
                    T.Store(left.Next(), tile);
                    T.Store(right.Next(), tile + half);
                }
            }
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
