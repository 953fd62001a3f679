namespace Hearth.Numerics;

/// <summary>
/// y = x W^T for one to four rows, straight from the panels: decoding reads every weight once, so memory sets the pace.
/// </summary>
/// <remarks>
/// A chain waits four cycles for each addition, so 64 outputs of a row, or 32 of two rows, run side by side (E1). Weights come from memory once:
/// a second pair of rows finds the panels in the second-level cache.
/// </remarks>
internal static unsafe class FewRows
{
    /// <summary>Up to this many rows this path is the faster one.</summary>
    public const int Maximum = 4;

    private const int InlineProducts = 1 << 15;

    public static void Run(ComputePool pool, float* x, int rows, PackedWeight w, int firstOutput, int outputs, float* y)
    {
        if (outputs == 0) return;
        var task = new Task(x, rows, w, firstOutput, outputs, y, pool.Threads);
        if ((long)rows * outputs * w.Inputs > InlineProducts) pool.For(task.Items, task);
        else for (int item = 0; item < task.Items; item++) task.Run(item, 0);
    }

    /// <summary>An item is two panels; the last ones are single, so that threads end together.</summary>
    private readonly struct Task : IParallelWork
    {
        private readonly SimdLevel _level;
        private readonly WeightType _type;
        private readonly float* _x;
        private readonly float* _y;
        private readonly byte* _panels;
        private readonly nint _panelBytes;
        private readonly int _rows;
        private readonly int _inputs;
        private readonly int _outputs;
        private readonly int _pairs;

        public Task(float* x, int rows, PackedWeight w, int firstOutput, int outputs, float* y, int threads)
        {
            _level = Simd.Level;
            _type = w.Type;
            _x = x;
            _y = y;
            _panels = w.Data + firstOutput / PackedWeight.PanelOutputs * w.PanelBytes;
            _panelBytes = (nint)w.PanelBytes;
            (_rows, _inputs, _outputs) = (rows, w.Inputs, outputs);
            int panels = (outputs + 31) / 32;
            int singles = threads == 1 ? panels % 2 : Math.Min(panels, panels % 2 + (panels / 2 % threads == 0 ? 0 : 2));
            _pairs = (panels - singles) / 2;
            Items = _pairs + singles;
        }

        public readonly int Items;

        public void Run(int item, int thread)
        {
            bool pair = item < _pairs;
            int panel = pair ? 2 * item : item + _pairs;
            byte* first = _panels + panel * _panelBytes;
            byte* second = pair ? first + _panelBytes : first; // a single one is computed twice: it is read once
            float* results = stackalloc float[4 * 32];
            int columns = Math.Min(pair ? 64 : 32, _outputs - panel * 32);
            for (int row = 0; row < _rows; row += 2)
            {
                float* x = _x + (nint)row * _inputs;
                bool two = row + 1 < _rows;
                Compute(first, second, x, two ? x + _inputs : null, results);
                float* y = _y + (nint)row * _outputs + panel * 32;
                new ReadOnlySpan<float>(results, columns).CopyTo(new Span<float>(y, columns));
                if (two) new ReadOnlySpan<float>(results + 64, columns).CopyTo(new Span<float>(y + _outputs, columns));
            }
        }

        private void Compute(byte* first, byte* second, float* x0, float* x1, float* results)
        {
            if (_level == SimdLevel.Avx512) FewRowsAvx512.Compute(_type, first, second, x0, x1, _inputs, results);
            else FewRowsAvx2.Compute(_type, first, second, x0, x1, _inputs, results);
        }
    }
}
