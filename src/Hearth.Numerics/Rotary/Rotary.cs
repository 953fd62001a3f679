using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Rotates channel pairs (i, i + R/2) of every head by the row's position; R = twice the table's pairs. arXiv:2104.09864.</summary>
    /// <remarks>x: [T, heads, headWidth], in place. positions: [T]. Channels from R on stay as they are (partial rotary).</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a position is negative.</exception>
    public static void Rotary(
        ComputePool pool, Span<float> x, int heads, int headWidth, ReadOnlySpan<int> positions, RotaryTable table) =>
        Rotate(pool, x, heads, headWidth, positions, table, 1f, nameof(Rotary));

    /// <summary>Gradient of <see cref="Rotary"/>: the rotation back, with the table's factor kept.</summary>
    /// <remarks>dx: [T, heads, headWidth], in place.</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a position is negative.</exception>
    public static void RotaryBackward(
        ComputePool pool, Span<float> dx, int heads, int headWidth, ReadOnlySpan<int> positions, RotaryTable table) =>
        Rotate(pool, dx, heads, headWidth, positions, table, -1f, nameof(RotaryBackward));

    private static void Rotate(
        ComputePool pool, Span<float> x, int heads, int headWidth, ReadOnlySpan<int> positions, RotaryTable table, float direction,
        string operation)
    {
        Shapes.Require(x.Length, (long)positions.Length * heads * headWidth, operation, nameof(x));
        if (2 * table.Pairs > headWidth)
            throw new ArgumentException($"{operation}: the table rotates {2 * table.Pairs} channels, but a head has {headWidth}.", nameof(table));
        int last = -1;
        foreach (int position in positions)
        {
            if (position < 0) throw new ArgumentException($"{operation}: position {position} is negative.", nameof(positions));
            last = Math.Max(last, position);
        }
        table.Reserve(last + 1);
        fixed (float* xs = x)
        fixed (int* at = positions)
        {
            var work = new RotaryWork(xs, heads, headWidth, at, positions.Length, table.Table, table.Pairs, direction);
            LaneWork.For(pool, LaneWork.Items(positions.Length, work.RowsPerItem), work);
        }
    }

    private readonly struct RotaryWork(
        float* x, int heads, int headWidth, int* positions, int rows, float* table, int pairs, float direction) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(heads * headWidth);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
                RotateHeads<T>(x + (long)row * heads * headWidth, heads, headWidth, table + (long)positions[row] * 2 * pairs, pairs, direction);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RotateHeads<T>(float* x, int heads, int headWidth, float* cosines, int pairs, float direction)
        where T : unmanaged, ILanes<T>
    {
        var sign = T.Create(direction);
        float* sines = cosines + pairs;
        for (int i = 0; i < pairs; i += 16)
        {
            int count = pairs - i;
            if (count >= 16)
            {
                var cos = T.Load(cosines + i);
                var sin = T.Load(sines + i) * sign;
                for (int head = 0; head < heads; head++)
                {
                    float* a = x + (long)head * headWidth + i;
                    float* b = a + pairs;
                    var first = T.Load(a);
                    var second = T.Load(b);
                    T.Store(T.FmaNegated(second, sin, first * cos), a);
                    T.Store(T.Fma(second, cos, first * sin), b);
                }
            }
            else
            {
                var cos = T.LoadPartial(cosines + i, count);
                var sin = T.LoadPartial(sines + i, count) * sign;
                for (int head = 0; head < heads; head++)
                {
                    float* a = x + (long)head * headWidth + i;
                    float* b = a + pairs;
                    var first = T.LoadPartial(a, count);
                    var second = T.LoadPartial(b, count);
                    T.StorePartial(T.FmaNegated(second, sin, first * cos), a, count);
                    T.StorePartial(T.Fma(second, cos, first * sin), b, count);
                }
            }
        }
    }
}
