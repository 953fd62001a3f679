using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Hearth.Numerics;

/// <summary>A loop body over numbered work items. Items own their outputs, so which thread runs one never changes a bit (E1, E10).</summary>
public interface IParallelWork
{
    /// <summary>Runs one item. <paramref name="thread"/> is 0..Threads-1 and selects scratch memory only.</summary>
    void Run(int item, int thread);
}

/// <summary>
/// Dedicated compute threads that claim items of a loop one by one. The caller is thread 0.
/// Threads spin for at most 20 microseconds, then block, so that an idle process costs nothing (docs/runtime.md).
/// </summary>
public sealed unsafe class ComputePool : IDisposable
{
    private static readonly long SpinTicks = Stopwatch.Frequency / 50_000; // 20 us

    private readonly Worker[] _workers;
    private readonly object _gate = new();
    private readonly AutoResetEvent _finished = new(false);
    private readonly long[] _itemsRun;

    private delegate*<void*, int, int, void> _body;
    private void* _state;
    private int _items;
    private int _next;
    private int _running;
    private int _callerParked;
    private volatile bool _disposed;
    private ExceptionDispatchInfo? _fault;

    /// <summary>Starts <paramref name="threads"/> - 1 threads beside the caller's.</summary>
    public ComputePool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _itemsRun = new long[threads * 8]; // one cache line each
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

    /// <summary>Working memory of matrix products.</summary>
    internal GemmScratch Scratch { get; } = new();

    /// <summary>How many items a thread has run so far; tests use it to prove that every thread took part.</summary>
    public long ItemsRunBy(int thread) => Volatile.Read(ref _itemsRun[thread * 8]);

    /// <summary>Runs items 0..<paramref name="items"/>-1 and returns when all are done. One loop at a time; an exception of an item is rethrown here.</summary>
    public void For<TWork>(int items, TWork work) where TWork : unmanaged, IParallelWork
    {
        if (items <= 0) return;
        if (items == 1 || _workers.Length == 0)
        {
            for (int i = 0; i < items; i++) work.Run(i, 0);
            _itemsRun[0] += items;
            return;
        }
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _body = &Invoke<TWork>;
            _state = &work;
            _items = items;
            _next = 0;
            _fault = null;
            int helpers = Math.Min(_workers.Length, items - 1);
            Volatile.Write(ref _running, helpers);
            for (int i = 0; i < helpers; i++) _workers[i].Wake();
            RunItems(0);
            WaitForHelpers();
            _fault?.Throw();
        }
    }

    private static void Invoke<TWork>(void* state, int item, int thread) where TWork : unmanaged, IParallelWork =>
        ((TWork*)state)->Run(item, thread);

    private void RunItems(int thread)
    {
        int item, done = 0;
        try
        {
            while ((item = Interlocked.Increment(ref _next) - 1) < _items)
            {
                _body(_state, item, thread);
                done++;
            }
        }
        catch (Exception fault)
        {
            _fault ??= ExceptionDispatchInfo.Capture(fault);
            Volatile.Write(ref _next, _items);
        }
        _itemsRun[thread * 8] += done;
    }

    private void WaitForHelpers()
    {
        long until = Stopwatch.GetTimestamp() + SpinTicks;
        while (Volatile.Read(ref _running) != 0)
        {
            Thread.SpinWait(16);
            if (Stopwatch.GetTimestamp() < until) continue;
            Interlocked.Exchange(ref _callerParked, 1);
            if (Volatile.Read(ref _running) == 0)
            {
                // The last helper may or may not have seen the flag: take it back, or take the signal it sent.
                if (Interlocked.Exchange(ref _callerParked, 0) == 0) _finished.WaitOne();
                return;
            }
            _finished.WaitOne();
            return;
        }
    }

    private void HelperFinished()
    {
        if (Interlocked.Decrement(ref _running) == 0 && Interlocked.Exchange(ref _callerParked, 0) == 1) _finished.Set();
    }

    /// <summary>Ends the threads. No loop may be running.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var worker in _workers) worker.Wake();
            foreach (var worker in _workers) worker.Join();
            _finished.Dispose();
            Scratch.Dispose();
        }
    }

    private sealed class Worker
    {
        private readonly ComputePool _pool;
        private readonly int _index;
        private readonly Thread _thread;
        private readonly AutoResetEvent _wake = new(false);
        private int _ticket;
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
            Interlocked.Increment(ref _ticket);
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
            int seen = 0;
            while (true)
            {
                WaitForTicket(seen);
                seen++;
                if (_pool._disposed) return;
                _pool.RunItems(_index);
                _pool.HelperFinished();
            }
        }

        private void WaitForTicket(int seen)
        {
            long until = Stopwatch.GetTimestamp() + SpinTicks;
            while (Volatile.Read(ref _ticket) == seen)
            {
                Thread.SpinWait(16);
                if (Stopwatch.GetTimestamp() < until) continue;
                Interlocked.Exchange(ref _parked, 1);
                if (Volatile.Read(ref _ticket) != seen)
                {
                    if (Interlocked.Exchange(ref _parked, 0) == 0) _wake.WaitOne();
                    return;
                }
                _wake.WaitOne();
                return;
            }
        }
    }
}
