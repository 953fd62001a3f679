namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Row i of y = row <c>rows[i]</c> of x.</summary>
    /// <remarks>x: [T, width]. y: [rows, width].</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a row is outside x.</exception>
    public static void GatherRows(ComputePool pool, ReadOnlySpan<float> x, int width, ReadOnlySpan<int> rows, Span<float> y)
    {
        RequireRows(nameof(GatherRows), Shapes.Rows(x.Length, width, nameof(GatherRows), nameof(x)), rows);
        Shapes.Require(y.Length, (long)rows.Length * width, nameof(GatherRows), nameof(y));
        fixed (float* xs = x, ys = y)
        fixed (int* index = rows)
        {
            var work = new GatherWork(xs, index, rows.Length, width, ys);
            pool.For(LaneWork.Items(rows.Length, work.RowsPerItem), work);
        }
    }

    /// <summary>
    /// Adds what experts gave to the rows that chose them: y = fma(w, result, y) for the choices of each row whose slot is one of the results', in ascending order of
    /// experts (E11). Waves of ascending experts continue the same chains.
    /// </summary>
    /// <remarks>results: [n, width], slots <paramref name="firstSlot"/>... slots, weights: [T, perToken]. y: [T, width], zeros before the first wave.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void MixExperts(
        ComputePool pool, ReadOnlySpan<float> results, int firstSlot, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int perToken, int width, Span<float> y)
    {
        int tokens = Shapes.Rows(y.Length, width, nameof(MixExperts), nameof(y));
        int count = Shapes.Rows(results.Length, width, nameof(MixExperts), nameof(results));
        Shapes.Require(slots.Length, (long)tokens * perToken, nameof(MixExperts), nameof(slots));
        Shapes.Require(weights.Length, slots.Length, nameof(MixExperts), nameof(weights));
        fixed (float* rs = results, ws = weights, ys = y)
        fixed (int* ss = slots)
        {
            var work = new MixWork(rs, firstSlot, count, ss, ws, perToken, tokens, width, ys);
            LaneWork.For(pool, LaneWork.Items(tokens, work.RowsPerItem), work);
        }
    }

    /// <summary>Row <c>rows[i]</c> of y += row i of x; no row appears twice.</summary>
    /// <remarks>x: [rows, width]. y: [T, width].</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a row is outside y.</exception>
    public static void ScatterAddRows(ComputePool pool, ReadOnlySpan<float> x, int width, ReadOnlySpan<int> rows, Span<float> y)
    {
        RequireRows(nameof(ScatterAddRows), Shapes.Rows(y.Length, width, nameof(ScatterAddRows), nameof(y)), rows);
        Shapes.Require(x.Length, (long)rows.Length * width, nameof(ScatterAddRows), nameof(x));
        fixed (float* xs = x, ys = y)
        fixed (int* index = rows)
        {
            var work = new ScatterWork(xs, index, rows.Length, width, ys);
            LaneWork.For(pool, LaneWork.Items(rows.Length, work.RowsPerItem), work);
        }
    }

    /// <summary>y[i] = the product of row i of a and of b, by E3.</summary>
    /// <remarks>a, b: [rows, width]. y: [rows].</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void RowDots(ComputePool pool, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> y)
    {
        Shapes.Require(b.Length, a.Length, nameof(RowDots), nameof(b));
        if (y.IsEmpty && a.IsEmpty) return;
        int width = y.IsEmpty ? 0 : a.Length / y.Length;
        Shapes.Require(a.Length, (long)y.Length * width, nameof(RowDots), nameof(a));
        fixed (float* left = a, right = b, ys = y)
        {
            var work = new RowDotsWork(left, right, y.Length, width, ys);
            LaneWork.For(pool, LaneWork.Items(y.Length, work.RowsPerItem), work);
        }
    }

    /// <summary>Row i of x *= scales[i].</summary>
    /// <remarks>x: [rows, width]. scales: [rows].</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ScaleRows(ComputePool pool, Span<float> x, ReadOnlySpan<float> scales)
    {
        if (scales.IsEmpty && x.IsEmpty) return;
        int width = scales.IsEmpty ? 0 : x.Length / scales.Length;
        Shapes.Require(x.Length, (long)scales.Length * width, nameof(ScaleRows), nameof(x));
        fixed (float* xs = x, ss = scales)
        {
            var work = new ScaleRowsWork(xs, ss, scales.Length, width);
            LaneWork.For(pool, LaneWork.Items(scales.Length, work.RowsPerItem), work);
        }
    }

    private static void RequireRows(string operation, int count, ReadOnlySpan<int> rows)
    {
        foreach (int row in rows)
            if ((uint)row >= (uint)count) throw new ArgumentException($"{operation}: row {row} is not one of {count}.", nameof(rows));
    }

    private readonly struct GatherWork(float* x, int* index, int rows, int width, float* y) : IParallelWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run(int item, int thread)
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
                new ReadOnlySpan<float>(x + (long)index[row] * width, width).CopyTo(new Span<float>(y + (long)row * width, width));
        }
    }

    private readonly struct ScatterWork(float* x, int* index, int rows, int width, float* y) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++) AddRange<T>(x + (long)row * width, y + (long)index[row] * width, width);
        }
    }

    private readonly struct MixWork(float* results, int firstSlot, int count, int* slots, float* weights, int perToken, int tokens, int width, float* y) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width * perToken);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(tokens, (item + 1) * RowsPerItem);
            for (int token = item * RowsPerItem; token < end; token++)
            {
                for (int choice = token * perToken; choice < (token + 1) * perToken; choice++)
                {
                    int slot = slots[choice] - firstSlot;
                    if ((uint)slot < (uint)count) AddScaledRange<T>(results + (long)slot * width, weights[choice], y + (long)token * width, width);
                }
            }
        }
    }

    private readonly struct RowDotsWork(float* a, float* b, int rows, int width, float* y) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++) y[row] = Reductions.Dot<T>(a + (long)row * width, b + (long)row * width, width);
        }
    }

    private readonly struct ScaleRowsWork(float* x, float* scales, int rows, int width) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++) ScaleRange<T>(x + (long)row * width, scales[row], width);
        }
    }
}
