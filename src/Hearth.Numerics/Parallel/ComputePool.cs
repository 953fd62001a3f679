using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

/// <summary>A loop body over numbered work items. Items own their outputs, so which thread runs one never changes a bit (E1, E10).</summary>
public interface IParallelWork
{
    /// <summary>Runs one item. <paramref name="thread"/> is 0..Threads-1 and selects scratch memory only.</summary>
    void Run(int item, int thread);
}

/// <summary>
/// Dedicated compute threads that share the items of a loop. The caller is thread 0.
/// </summary>
/// <remarks>
/// Threads claim items one by one: in order from all of them or, where an item reads what follows the item before it, each from a run of its own, so that it reads
/// one stream of memory, and then from those of the others.
/// <para>
/// Idle threads spin for at most 20 microseconds, then block, so that an idle process costs nothing (docs/runtime.md). Waking a blocked thread
/// costs tens of microseconds, hence three choices: a blocked thread is woken only when the loop turns out to be worth it; the caller
/// never waits for a thread that has not joined; and for one that is inside an item it yields for a while before it blocks.
/// </para>
/// </remarks>
public sealed unsafe class ComputePool : IDisposable
{
    private const int NextStride = 16;
    private const long Open = 1L << 31; // of _job, which holds the loop's number above, threads inside below

    private static readonly long SpinTicks = Stopwatch.Frequency / 50_000; // 20 us
    private static readonly long YieldTicks = Stopwatch.Frequency / 5_000; // 200 us

    private readonly Worker[] _workers;
    private readonly object _gate = new();
    private readonly AutoResetEvent _finished = new(false);
    private readonly long[] _itemsRun;

    private delegate*<void*, int, int, void> _body;
    private void* _state;
    private int _items;
    private int _runs; // of items that follow one another: one a thread, or one for all
    private readonly int[] _next; // of each run, a cache line each
    private long _job;
    private int _callerParked;
    private volatile bool _disposed;
    private ExceptionDispatchInfo? _fault;
    private readonly GCHandle _self; // work items are unmanaged: this leads back to the body of a managed loop
    private Action<int, int>? _managedBody;

    /// <summary>Starts <paramref name="threads"/> - 1 threads beside the caller's.</summary>
    public ComputePool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _itemsRun = new long[threads * 8]; // one cache line each
        _next = new int[threads * NextStride];
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        FloatEnvironment.Verify();
        _workers = new Worker[threads - 1];
        for (int i = 0; i < _workers.Length; i++) _workers[i] = new Worker(this, i + 1);
    }

    /// <summary>A pool with one thread for each processor that this process may use, or <c>HEARTH_THREADS</c>.</summary>
    public static ComputePool CreateDefault() => new(DefaultThreads());

    /// <summary><c>HEARTH_THREADS</c> or the number of processors.</summary>
    public static int DefaultThreads() =>
        int.TryParse(Environment.GetEnvironmentVariable("HEARTH_THREADS"), out int threads) && threads > 0 ? threads : Environment.ProcessorCount;

    /// <summary>Threads that run items, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>Where the time of a step goes; null: nobody asks. Set while no loop runs.</summary>
    public StepTrace? Trace { get; set; }

    /// <summary>Working memory of matrix products.</summary>
    internal GemmScratch Scratch { get; } = new();

    /// <summary>How many items a thread has run so far; tests use it to prove that every thread took part.</summary>
    public long ItemsRunBy(int thread) => Volatile.Read(ref _itemsRun[thread * 8]);

    /// <summary>Runs items 0..<paramref name="items"/>-1 and returns when all are done. One loop at a time; an exception of an item is rethrown here.</summary>
    /// <param name="items">How many.</param>
    /// <param name="work">The loop's body.</param>
    /// <param name="inRuns">Each thread has items that follow one another: for items that stream memory.</param>
    public void For<TWork>(int items, TWork work, bool inRuns = false) where TWork : unmanaged, IParallelWork
    {
        if (items <= 0) return;
        if (items == 1 || _workers.Length == 0)
        {
            long start = TraceStart();
            for (int i = 0; i < items; i++) work.Run(i, 0);
            _itemsRun[0] += items;
            AddBusy(start);
            return;
        }
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _body = &Invoke<TWork>;
            _state = &work;
            _items = items;
            _runs = inRuns ? Threads : 1;
            for (int run = 0; run < _runs; run++) _next[run * NextStride] = RunStart(run);
            _fault = null;
            Volatile.Write(ref _job, NextNumber() | Open);
            long start = TraceStart();
            RunItemsAndWake();
            AddBusy(start);
            Interlocked.And(ref _job, ~Open);
            WaitForHelpers();
            _fault?.Throw();
        }
    }

    /// <summary>The same for a body that uses managed objects: <paramref name="body"/>(item, thread). Keep the delegate, so that a step allocates nothing.</summary>
    public void For(int items, Action<int, int> body)
    {
        lock (_gate)
        {
            _managedBody = body;
            For(items, new ManagedWork(GCHandle.ToIntPtr(_self)));
            _managedBody = null;
        }
    }

    private readonly struct ManagedWork(nint pool) : IParallelWork
    {
        public void Run(int item, int thread) => ((ComputePool)GCHandle.FromIntPtr(pool).Target!)._managedBody!(item, thread);
    }

    private static void Invoke<TWork>(void* state, int item, int thread) where TWork : unmanaged, IParallelWork =>
        ((TWork*)state)->Run(item, thread);

    private long TraceStart() => Trace is null ? 0 : Stopwatch.GetTimestamp();

    private void AddBusy(long start) => Trace?.AddBusy(Stopwatch.GetTimestamp() - start);

    private long NextNumber() => ((_job >> 32) + 1) << 32;

    // The caller's share. Threads that spin have joined by themselves; blocked ones are woken once the rest is known to be long enough.
    private void RunItemsAndWake()
    {
        long start = Stopwatch.GetTimestamp();
        for (int done = 1; RunItem(0); done++)
        {
            long elapsed = Stopwatch.GetTimestamp() - start;
            if (elapsed <= SpinTicks && elapsed / done * ItemsLeft() <= SpinTicks) continue;
            foreach (var worker in _workers) worker.Wake();
            RunItems(0);
            return;
        }
    }

    private void RunItems(int thread)
    {
        while (RunItem(thread)) { }
    }

    private bool RunItem(int thread)
    {
        int item = Claim(thread);
        if (item < 0) return false;
        try
        {
            _body(_state, item, thread);
        }
        catch (Exception fault)
        {
            _fault ??= ExceptionDispatchInfo.Capture(fault);
            for (int run = 0; run < _runs; run++) Volatile.Write(ref _next[run * NextStride], _items);
        }
        _itemsRun[thread * 8]++;
        return true;
    }

    private int Claim(int thread)
    {
        for (int i = 0; i < _runs; i++)
        {
            int run = (thread + i) % _runs;
            ref int next = ref _next[run * NextStride];
            int end = RunStart(run + 1);
            if (Volatile.Read(ref next) >= end) continue;
            int item = Interlocked.Increment(ref next) - 1;
            if (item < end) return item;
        }
        return -1;
    }

    private int RunStart(int run) => (int)((long)_items * run / _runs);

    private int ItemsLeft()
    {
        int left = 0;
        for (int run = 0; run < _runs; run++) left += Math.Max(0, RunStart(run + 1) - Volatile.Read(ref _next[run * NextStride]));
        return left;
    }

    private bool TryJoin(long job)
    {
        while ((job & Open) != 0)
        {
            long seen = Interlocked.CompareExchange(ref _job, job + 1, job);
            if (seen == job) return true;
            if (seen >> 32 != job >> 32) return false;
            job = seen;
        }
        return false;
    }

    private void Leave()
    {
        long job = Interlocked.Decrement(ref _job);
        if ((int)job == 0 && Interlocked.Exchange(ref _callerParked, 0) == 1) _finished.Set();
    }

    private bool HelpersInside => (int)Volatile.Read(ref _job) != 0;

    private void WaitForHelpers()
    {
        long start = Stopwatch.GetTimestamp();
        while (HelpersInside)
        {
            Thread.SpinWait(1); // some 40 ns, a tenth of what a short loop takes
            long waited = Stopwatch.GetTimestamp() - start;
            if (waited < SpinTicks) continue;
            if (waited < YieldTicks)
            {
                Thread.Yield();
                continue;
            }
            Interlocked.Exchange(ref _callerParked, 1);
            // The last helper may or may not have seen the flag: take it back, or take the signal it sent.
            if (HelpersInside || Interlocked.Exchange(ref _callerParked, 0) == 0) _finished.WaitOne();
            return;
        }
    }

    /// <summary>Ends the threads. No loop may be running.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            Volatile.Write(ref _job, NextNumber());
            foreach (var worker in _workers) worker.Wake();
            foreach (var worker in _workers) worker.Join();
            _finished.Dispose();
            Scratch.Dispose();
            _self.Free();
        }
    }

    private sealed class Worker
    {
        private readonly ComputePool _pool;
        private readonly int _index;
        private readonly Thread _thread;
        private readonly AutoResetEvent _wake = new(false);
        private int _parked;

        public Worker(ComputePool pool, int index)
        {
            _pool = pool;
            _index = index;
            _thread = new Thread(Loop) { IsBackground = true, Name = $"compute-{index}" };
            _thread.Start();
        }

        public void Wake()
        {
            if (Interlocked.Exchange(ref _parked, 0) == 1) _wake.Set();
        }

        public void Join()
        {
            _thread.Join();
            _wake.Dispose();
        }

        private void Loop()
        {
            FloatEnvironment.Verify();
            long number = 0;
            while (true)
            {
                long job = WaitForJobAfter(number);
                number = job >> 32;
                if (_pool._disposed) return;
                if (!_pool.TryJoin(job)) continue;
                long start = _pool.TraceStart();
                _pool.RunItems(_index);
                _pool.AddBusy(start);
                _pool.Leave();
            }
        }

        private long WaitForJobAfter(long number)
        {
            long until = Stopwatch.GetTimestamp() + SpinTicks;
            while (true)
            {
                long job = Volatile.Read(ref _pool._job);
                if (job >> 32 != number) return job;
                Thread.SpinWait(1); // some 40 ns, a tenth of what a short loop takes
                if (Stopwatch.GetTimestamp() < until) continue;
                Interlocked.Exchange(ref _parked, 1);
                job = Volatile.Read(ref _pool._job);
                if (job >> 32 != number)
                {
                    if (Interlocked.Exchange(ref _parked, 0) == 0) _wake.WaitOne();
                    return job;
                }
                _wake.WaitOne();
                until = Stopwatch.GetTimestamp() + SpinTicks;
            }
        }
    }
}
