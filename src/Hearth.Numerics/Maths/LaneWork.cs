namespace Hearth.Numerics;

/// <summary>A loop body written once for every instruction set.</summary>
internal interface ILaneWork
{
    /// <summary>Runs one item, which owns its outputs (E10).</summary>
    void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>;
}

/// <summary>Runs a lane-generic loop with the instruction set that <see cref="Simd.Level"/> names.</summary>
internal static class LaneWork
{
    /// <summary>Values an item should touch: enough to pay for waking a thread, few enough to balance two.</summary>
    public const int ItemValues = 8 * 1024;

    /// <summary>Runs all items; <paramref name="inline"/>: on this thread, because they are not worth another one.</summary>
    public static void For<TWork>(ComputePool pool, int items, in TWork work, bool inline = false) where TWork : unmanaged, ILaneWork
    {
        switch (Simd.Level)
        {
            case SimdLevel.Avx512: Loop(pool, items, new OnLanes<TWork, Avx512Lanes>(work), inline); break;
            case SimdLevel.Avx2: Loop(pool, items, new OnLanes<TWork, Avx2Lanes>(work), inline); break;
            default: Loop(pool, items, new OnLanes<TWork, PortableLanes>(work), inline); break;
        }
    }

    private static void Loop<TWork>(ComputePool pool, int items, TWork work, bool inline) where TWork : unmanaged, IParallelWork
    {
        if (inline)
            for (int item = 0; item < items; item++) work.Run(item, 0);
        else pool.For(items, work);
    }

    /// <summary>Rows of <paramref name="width"/> values that make one item.</summary>
    public static int RowsPerItem(int width) => Math.Max(1, ItemValues / Math.Max(1, width));

    /// <summary>Items that <paramref name="count"/> things make, <paramref name="perItem"/> each.</summary>
    public static int Items(int count, int perItem) => (int)(((long)count + perItem - 1) / perItem);

    private readonly struct OnLanes<TWork, T>(TWork work) : IParallelWork
        where TWork : unmanaged, ILaneWork
        where T : unmanaged, ILanes<T>
    {
        private readonly TWork _work = work;

        public void Run(int item, int thread) => _work.Run<T>(item, thread);
    }
}
