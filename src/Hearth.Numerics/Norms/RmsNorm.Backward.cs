using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Gradients of <see cref="RmsNorm"/>: with g = dy * weight and r = inverseRms,
    /// dx = r g - x r^3 / D sum(g x); dweight = sum over rows of dy x r.</summary>
    /// <remarks>
    /// dy, x, dx: [T, D]; dx overwrites, or adds when <paramref name="accumulate"/> (the residual stream); dx may be dy.
    /// dweight: [D] or empty; one chain over rows ascending, overwritten (E1, E8).
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void RmsNormBackward(
        ComputePool pool, ReadOnlySpan<float> dy, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> inverseRms,
        Span<float> dx, Span<float> dweight, bool accumulate)
    {
        const string operation = nameof(RmsNormBackward);
        int width = weight.Length;
        int rows = Shapes.Rows(x.Length, width, operation, nameof(x));
        Shapes.Require(dy.Length, x.Length, operation, nameof(dy));
        Shapes.Require(dx.Length, x.Length, operation, nameof(dx));
        Shapes.Require(inverseRms.Length, rows, operation, nameof(inverseRms));
        if (!dweight.IsEmpty) Shapes.Require(dweight.Length, width, operation, nameof(dweight));
        fixed (float* dys = dy, xs = x, ws = weight, inverse = inverseRms, dxs = dx, dws = dweight)
        {
            // First: dx may overwrite dy.
            if (dws != null) LaneWork.For(pool, RmsNormWeightWork.Items(width), new RmsNormWeightWork(dys, xs, inverse, dws, rows, width));
            var work = new RmsNormBackwardWork(dys, xs, ws, inverse, dxs, rows, width, accumulate);
            LaneWork.For(pool, LaneWork.Items(rows, work.RowsPerItem), work);
        }
    }

    private readonly struct RmsNormBackwardWork(
        float* dy, float* x, float* weight, float* inverseRms, float* dx, int rows, int width, bool accumulate) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
            {
                long start = (long)row * width;
                RmsNormBackwardRow<T>(dy + start, x + start, weight, inverseRms[row], dx + start, width, accumulate);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormBackwardRow<T>(float* dy, float* x, float* weight, float inverse, float* dx, int width, bool accumulate)
        where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        int i = 0;
        for (; i <= width - 16; i += 16) sum = T.Fma(T.Load(dy + i) * T.Load(weight + i), T.Load(x + i), sum);
        if (i < width)
            sum = T.Fma(T.LoadPartial(dy + i, width - i) * T.LoadPartial(weight + i, width - i), T.LoadPartial(x + i, width - i), sum);
        var slope = T.Create(T.FoldSum(sum) * inverse * inverse * inverse / width);
        var scale = T.Create(inverse);
        for (i = 0; i <= width - 16; i += 16)
        {
            var value = T.FmaNegated(slope, T.Load(x + i), T.Load(dy + i) * T.Load(weight + i) * scale);
            if (accumulate) value = T.Load(dx + i) + value;
            T.Store(value, dx + i);
        }
        if (i < width)
        {
            int count = width - i;
            var g = T.LoadPartial(dy + i, count) * T.LoadPartial(weight + i, count);
            var value = T.FmaNegated(slope, T.LoadPartial(x + i, count), g * scale);
            if (accumulate) value = T.LoadPartial(dx + i, count) + value;
            T.StorePartial(value, dx + i, count);
        }
    }

    /// <summary>An item owns a range of columns and walks all rows (E10).</summary>
    private readonly struct RmsNormWeightWork(float* dy, float* x, float* inverseRms, float* dweight, int rows, int width) : ILaneWork
    {
        private const int Columns = 64;

        public static int Items(int width) => LaneWork.Items(width, Columns);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(width, (item + 1) * Columns);
            for (int column = item * Columns; column < end; column += 16)
                RmsNormWeightColumns<T>(dy + column, x + column, inverseRms, dweight + column, rows, width, Math.Min(16, end - column));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormWeightColumns<T>(float* dy, float* x, float* inverseRms, float* dweight, int rows, int width, int columns)
        where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        if (columns == 16)
        {
            for (int row = 0; row < rows; row++, dy += width, x += width)
                sum = T.Fma(T.Load(dy), T.Load(x) * T.Create(inverseRms[row]), sum);
            T.Store(sum, dweight);
            return;
        }
        for (int row = 0; row < rows; row++, dy += width, x += width)
            sum = T.Fma(T.LoadPartial(dy, columns), T.LoadPartial(x, columns) * T.Create(inverseRms[row]), sum);
        T.StorePartial(sum, dweight, columns);
    }
}
