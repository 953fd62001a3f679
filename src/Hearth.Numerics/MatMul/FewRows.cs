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
        if ((long)rows * outputs * w.Inputs > InlineProducts) pool.For(task.Items, task, inRuns: true);
        else for (int item = 0; item < task.Items; item++) task.Run(item, 0);
    }

    /// <summary>Most products that share a loop: query, key and value.</summary>
    public const int MaximumJoined = 3;

    /// <summary>Whether this path is the faster one for every product.</summary>
    public static bool CanJoin(ReadOnlySpan<Product> products, int rows)
    {
        foreach (var product in products)
            if (rows > Most(product.Weight.Type)) return false;
        return true;
    }

    /// <summary>Products of one x in one loop: their items one behind the other, and Ax of adapters among them.</summary>
    public static void RunJoined(ComputePool pool, float* x, int rows, ReadOnlySpan<Product> products, in LowRankPlan adapters)
    {
        var task = new JoinedTask(TaskOf(products, 0), TaskOf(products, 1), TaskOf(products, 2));
        if (adapters.ReduceItems == 0) pool.For(task.Items, task, inRuns: true);
        else if (Simd.Level == SimdLevel.Avx512) RunBeside<Avx512Lanes>(pool, task, adapters);
        else RunBeside<Avx2Lanes>(pool, task, adapters);

        Task TaskOf(ReadOnlySpan<Product> all, int index)
        {
            if (index >= all.Length) return default;
            var (weight, result) = all[index];
            return new(new PanelProduct(x, rows, weight, 0, weight.Outputs, result.Pointer), pool.Threads);
        }
    }

    private static void RunBeside<T>(ComputePool pool, in JoinedTask products, in LowRankPlan adapters) where T : unmanaged, ILanes<T>
    {
        var task = new BesideTask<T>(products, adapters);
        pool.For(task.Items, task, inRuns: true);
    }

    /// <summary>Items of adapters, which wait for memory, spread evenly among those of products, which compute; the first is one of theirs, the last is not.</summary>
    private readonly struct BesideTask<T>(JoinedTask products, LowRankPlan adapters) : IParallelWork where T : unmanaged, ILanes<T>
    {
        public int Items => products.Items + adapters.ReduceItems;

        public void Run(int item, int thread)
        {
            int low = Before(item);
            if (Before(item + 1) > low)
            {
                adapters.Reduce<T>(low, thread);
                return;
            }
            adapters.Fetch(item - low, products.Items);
            products.Run(item - low, thread);
        }

        // Adapters' items among the first so many.
        private int Before(int items) => (int)(((long)items * adapters.ReduceItems + Items - 1) / Items);
    }

    private readonly struct JoinedTask(Task first, Task second, Task third) : IParallelWork
    {
        public int Items => first.Items + second.Items + third.Items;

        public void Run(int item, int thread)
        {
            if (item < first.Items) first.Run(item, thread);
            else if (item < first.Items + second.Items) second.Run(item - first.Items, thread);
            else third.Run(item - first.Items - second.Items, thread);
        }
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
