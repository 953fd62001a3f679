using System.Diagnostics;

namespace Hearth.Numerics;

/// <summary>
/// What a step spends its time on, by operation: whoever does the work says what begins, and that ends what went before. A pool or an engine without a
/// trace has none of it: <c>pool.Trace?.Begin(…)</c> does not even compute its arguments.
/// </summary>
/// <remarks>One thread begins operations: the one that runs the steps. Threads of the pool report how long they were busy.</remarks>
public sealed class StepTrace
{
    private readonly Dictionary<string, Sum> _sums = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private string? _current;
    private long _since, _busySince;
    private long _busyTicks;

    /// <summary>Operations in the order in which they first began.</summary>
    public IEnumerable<TracedOperation> Operations => _order.Select(name => _sums[name].Result(name));

    /// <summary>Ends the current operation and begins another.</summary>
    /// <param name="name">Operations of one name are added up.</param>
    /// <param name="flops">Floating-point operations that it does; a multiply-add is two.</param>
    /// <param name="bytes">Bytes of weights, keys and values that it reads.</param>
    public void Begin(string name, double flops = 0, double bytes = 0)
    {
        End();
        if (!_sums.TryGetValue(name, out var sum))
        {
            _sums.Add(name, sum = new());
            _order.Add(name);
        }
        sum.Calls++;
        sum.Flops += flops;
        sum.Bytes += bytes;
        _current = name;
        _busySince = Volatile.Read(ref _busyTicks);
        _since = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends the current operation; what follows is not counted.</summary>
    public void End()
    {
        if (_current is null) return;
        long now = Stopwatch.GetTimestamp();
        var sum = _sums[_current];
        sum.Ticks += now - _since;
        sum.LoopTicks += Volatile.Read(ref _busyTicks) - _busySince;
        _current = null;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _current = null;
        _sums.Clear();
        _order.Clear();
    }

    /// <summary>A thread of the pool ran items for so long.</summary>
    internal void AddBusy(long ticks) => Interlocked.Add(ref _busyTicks, ticks);

    private sealed class Sum
    {
        public long Calls, Ticks, LoopTicks;
        public double Flops, Bytes;

        public TracedOperation Result(string name) =>
            new(name, Calls, (double)Ticks / Stopwatch.Frequency, (double)LoopTicks / Stopwatch.Frequency, Flops, Bytes);
    }
}

/// <summary>Sums over all times that an operation ran.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Calls">How often it ran.</param>
/// <param name="Seconds">Time on the clock.</param>
/// <param name="BusySeconds">Time that all threads together spent inside parallel loops; the rest of threads x seconds is waiting, or serial code between loops.</param>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="Bytes">Bytes read.</param>
public sealed record TracedOperation(string Name, long Calls, double Seconds, double BusySeconds, double Flops, double Bytes);
