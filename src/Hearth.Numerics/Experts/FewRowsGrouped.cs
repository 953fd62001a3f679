namespace Hearth.Numerics;

/// <summary>A group of one to four rows and the panels of its weight.</summary>
internal readonly unsafe struct GroupedRow(float* x, int rows, PackedWeight w, float* y)
{
    public readonly float* X = x;
    public readonly float* Y = y;
    public readonly byte* Panels = w.Data;
    public readonly nint PanelBytes = (nint)w.PanelBytes;
    public readonly WeightType Type = w.Type;
    public readonly int Rows = rows;
}

/// <summary>
/// <see cref="FewRows"/> over several weights in one loop: decoding a mixture of experts reads only the chosen experts' weights, and no thread waits for another
/// between two of them.
/// </summary>
internal static unsafe class FewRowsGrouped
{
    private const int InlineProducts = 1 << 15;

    public static void Run(ComputePool pool, GroupedRow* groups, int count, int inputs, int outputs)
    {
        var task = new Task(groups, inputs, outputs);
        int items = count * task.Pairs;
        if ((long)count * outputs * inputs > InlineProducts) pool.For(items, task);
        else for (int item = 0; item < items; item++) task.Run(item, 0);
    }

    /// <summary>An item is two panels of one group; the last panel of an odd number is one of its own.</summary>
    private readonly struct Task(GroupedRow* groups, int inputs, int outputs) : IParallelWork
    {
        private readonly SimdLevel _level = Simd.Level;

        public readonly int Pairs = (outputs + 63) / 64;

        public void Run(int item, int thread)
        {
            var group = groups[item / Pairs];
            int output = item % Pairs * 64;
            int columns = Math.Min(64, outputs - output);
            byte* first = group.Panels + output / PackedWeight.PanelOutputs * group.PanelBytes;
            byte* second = columns > PackedWeight.PanelOutputs ? first + group.PanelBytes : first; // a single one is computed twice: it is read once
            float* results = stackalloc float[4 * 32];
            for (int row = 0; row < group.Rows; row += 2)
            {
                float* x = group.X + (nint)row * inputs;
                bool two = row + 1 < group.Rows;
                Compute(group.Type, first, second, x, two ? x + inputs : null, results);
                float* y = group.Y + (nint)row * outputs + output;
                new ReadOnlySpan<float>(results, columns).CopyTo(new Span<float>(y, columns));
                if (two) new ReadOnlySpan<float>(results + 64, columns).CopyTo(new Span<float>(y + outputs, columns));
            }
        }

        private void Compute(WeightType type, byte* first, byte* second, float* x0, float* x1, float* results)
        {
            if (_level == SimdLevel.Avx512) FewRowsAvx512.Compute(type, first, second, x0, x1, inputs, results);
            else FewRowsAvx2.Compute(type, first, second, x0, x1, inputs, results);
        }
    }
}
