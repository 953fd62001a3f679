namespace Hearth.Numerics;

/// <summary>y = x W^T for few rows, straight from the panels: decoding reads every weight once, so memory sets the pace.</summary>
internal static unsafe class FewRows
{
    private const int InlineProducts = 1 << 15;

    /// <summary>Up to this many rows this path is the faster one (measured by gemm-types): types that widen cheaply profit longer.</summary>
    public static int Most(WeightType type) => Simd.Level switch
    {
        SimdLevel.Avx512 => type is WeightType.F32 or WeightType.BF16 ? 32 : 8,
        SimdLevel.Avx2 => 8,
        _ => 0,
    };

    public static void Run(ComputePool pool, float* x, int rows, PackedWeight w, int firstOutput, int outputs, float* y)
    {
        if (outputs == 0) return;
        var task = new Task(new PanelProduct(x, rows, w, firstOutput, outputs, y), pool.Threads);
        if ((long)rows * outputs * w.Inputs > InlineProducts) pool.For(task.Items, task);
        else for (int item = 0; item < task.Items; item++) task.Run(item, 0);
    }

    /// <summary>An item is a panel, or two for a single row; the last ones are single, so that threads end together.</summary>
    private readonly struct Task(PanelProduct product, int threads) : IParallelWork
    {
        private readonly int _pairs = product.Rows == 1 ? Pairs(product.Panels, threads) : 0;

        public int Items => product.Panels - _pairs;

        public void Run(int item, int thread)
        {
            if (item < _pairs) product.RunPanels(2 * item, 2);
            else product.RunPanels(item + _pairs, 1);
        }

        // All of them, less one where they do not divide among the threads.
        private static int Pairs(int panels, int threads)
        {
            int pairs = panels / 2;
            return pairs > 0 && pairs % threads != 0 ? pairs - 1 : pairs;
        }
    }
}
