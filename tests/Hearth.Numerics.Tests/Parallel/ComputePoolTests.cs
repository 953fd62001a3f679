using Xunit;

namespace Hearth.Numerics.Tests;

public sealed unsafe class ComputePoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_item_runs_once(int threads)
    {
        using var pool = new ComputePool(threads);
        // Many short loops with few and many items: threads spin, block, join late or not at all.
        for (int loop = 0; loop < 5_000; loop++)
        {
            int items = 1 + loop % 40;
            var counts = new int[items];
            fixed (int* p = counts) pool.For(items, new Count(p, loop % 7 == 0 ? 200 : 1), inRuns: loop % 2 == 0);
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void A_loop_over_managed_objects_runs_every_item_once()
    {
        using var pool = new ComputePool(2);
        for (int loop = 0; loop < 500; loop++)
        {
            var counts = new int[1 + loop % 40];
            pool.For(counts.Length, (item, thread) => Interlocked.Increment(ref counts[item]));
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void A_trace_adds_up_what_each_operation_does()
    {
        var trace = new StepTrace();
        using var pool = new ComputePool(2) { Trace = trace };
        var counts = new int[64];
        for (int i = 0; i < 3; i++)
        {
            trace.Begin("count", flops: 10, bytes: 20);
            fixed (int* p = counts) pool.For(counts.Length, new Count(p, 20_000));
            trace.Begin("nothing");
        }
        trace.End();
        pool.For(1, (_, _) => { }); // belongs to no operation
        var operations = trace.Operations.ToArray();
        Assert.Equal(["count", "nothing"], operations.Select(operation => operation.Name));
        Assert.Equal((3, 30.0, 60.0), (operations[0].Calls, operations[0].Flops, operations[0].Bytes));
        Assert.InRange(operations[0].BusySeconds, operations[0].Seconds / 2, 2 * operations[0].Seconds);
        Assert.Equal(0, operations[1].BusySeconds);
    }

    [Fact]
    public void A_long_loop_wakes_every_thread()
    {
        using var pool = new ComputePool(3);
        var counts = new int[64];
        for (int loop = 0; loop < 1_000 && Enumerable.Range(0, 3).Any(thread => pool.ItemsRunBy(thread) == 0); loop++)
        {
            fixed (int* p = counts) pool.For(counts.Length, new Count(p, 20_000));
        }
        Assert.All(Enumerable.Range(0, 3), thread => Assert.True(pool.ItemsRunBy(thread) > 0));
    }

    [Fact]
    public void An_exception_of_an_item_reaches_the_caller_and_the_pool_goes_on()
    {
        using var pool = new ComputePool(2);
        for (int loop = 0; loop < 100; loop++)
        {
            var fault = Assert.Throws<InvalidOperationException>(() => pool.For(50, new Fault(loop % 50), inRuns: loop % 2 == 0));
            Assert.Equal($"item {loop % 50}", fault.Message);
        }
        var counts = new int[50];
        fixed (int* p = counts) pool.For(50, new Count(p, 1));
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void In_runs_a_thread_comes_to_the_items_of_others_after_its_own()
    {
        using var pool = new ComputePool(2);
        var (owners, order) = (new int[64], new int[64]);
        for (int loop = 0; loop < 1_000; loop++)
        {
            int count = 0;
            fixed (int* o = owners, s = order) pool.For(owners.Length, new Turn(o, s, &count), inRuns: true);
            for (int thread = 0; thread < 2; thread++)
            {
                int lastOwn = 0, firstOther = int.MaxValue;
                for (int item = 0; item < 64; item++)
                {
                    if (owners[item] != thread) continue;
                    if (item / 32 == thread) lastOwn = Math.Max(lastOwn, order[item]);
                    else firstOther = Math.Min(firstOther, order[item]);
                }
                Assert.True(lastOwn < firstOther);
            }
        }
        Assert.True(pool.ItemsRunBy(1) > 0);
    }

    [Fact]
    public void Loops_of_several_callers_do_not_mix()
    {
        using var pool = new ComputePool(2);
        Parallel.For(0, 8, _ =>
        {
            for (int loop = 0; loop < 300; loop++)
            {
                var counts = new int[9];
                fixed (int* p = counts) pool.For(9, new Count(p, 50));
                Assert.All(counts, count => Assert.Equal(1, count));
            }
        });
    }

    [Fact]
    public void A_disposed_pool_refuses_loops()
    {
        var pool = new ComputePool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.For(2, new Fault(-1)));
    }

    private readonly struct Count(int* counts, int work) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            Thread.SpinWait(work / 8);
            Interlocked.Increment(ref counts[item]);
        }
    }

    private readonly struct Turn(int* owners, int* order, int* count) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            owners[item] = thread;
            order[item] = Interlocked.Increment(ref *count);
            Thread.SpinWait(20);
        }
    }

    private readonly struct Fault(int at) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            if (item == at) throw new InvalidOperationException($"item {item}");
        }
    }
}
