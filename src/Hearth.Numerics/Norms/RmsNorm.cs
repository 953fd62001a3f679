using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y = x / sqrt(mean(x^2) + epsilon) * weight, row by row. arXiv:1910.07467, eq. 4.</summary>
    /// <remarks>x, y: [T, D]. weight: [D]. inverseRms: [T], kept for the backward pass, or empty. y may be x.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void RmsNorm(
        ComputePool pool, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y, Span<float> inverseRms)
    {
        int rows = Shapes.Rows(x.Length, weight.Length, nameof(RmsNorm), nameof(x));
        Shapes.Require(y.Length, x.Length, nameof(RmsNorm), nameof(y));
        if (!inverseRms.IsEmpty) Shapes.Require(inverseRms.Length, rows, nameof(RmsNorm), nameof(inverseRms));
        fixed (float* xs = x, ws = weight, ys = y, kept = inverseRms)
        {
            var work = new RmsNormWork(xs, ws, epsilon, ys, kept, rows, weight.Length);
            LaneWork.For(pool, LaneWork.Items(rows, work.RowsPerItem), work);
        }
    }

    private readonly struct RmsNormWork(float* x, float* weight, float epsilon, float* y, float* inverseRms, int rows, int width) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
            {
                long start = (long)row * width;
                float inverse = InverseRms<T>(x + start, width, epsilon);
                if (inverseRms != null) inverseRms[row] = inverse;
                ScaleByWeight<T>(x + start, weight, inverse, y + start, width);
            }
        }
    }

    private static float InverseRms<T>(float* x, int width, float epsilon) where T : unmanaged, ILanes<T>
    {
        float mean = Reductions.SumOfSquares<T>(x, width) / width;
        return T.First(T.Create(1f) / T.Sqrt(T.Create(mean + epsilon)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleByWeight<T>(float* x, float* weight, float inverse, float* y, int width) where T : unmanaged, ILanes<T>
    {
        var scale = T.Create(inverse);
        int i = 0;
        for (; i <= width - 16; i += 16) T.Store(T.Load(x + i) * scale * T.Load(weight + i), y + i);
        if (i < width)
            T.StorePartial(T.LoadPartial(x + i, width - i) * scale * T.LoadPartial(weight + i, width - i), y + i, width - i);
    }
}
