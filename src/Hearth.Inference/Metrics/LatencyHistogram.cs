namespace Hearth.Inference;

/// <summary>Counts durations by size. Written by one thread, read by any: a reader may see a duration in the count and not yet in the sum.</summary>
internal sealed class LatencyHistogram
{
    private readonly long[] _counts = new long[Latencies.Bounds.Count + 1];
    private double _milliseconds;

    /// <summary>Counts one.</summary>
    public void Add(TimeSpan duration)
    {
        double milliseconds = duration.TotalMilliseconds;
        int bucket = 0;
        while (bucket < Latencies.Bounds.Count && milliseconds > Latencies.Bounds[bucket]) bucket++;
        Volatile.Write(ref _counts[bucket], _counts[bucket] + 1);
        Volatile.Write(ref _milliseconds, _milliseconds + milliseconds);
    }

    /// <summary>What was counted so far.</summary>
    public Latencies Read() => new([.. _counts], Volatile.Read(ref _milliseconds));
}

/// <summary>Durations since the engine started.</summary>
/// <param name="Counts">How many were within each of <see cref="Bounds"/> and beyond the one before; the last: beyond all.</param>
/// <param name="SumMilliseconds">Their sum.</param>
public sealed record Latencies(IReadOnlyList<long> Counts, double SumMilliseconds)
{
    /// <summary>Upper bounds of the buckets in milliseconds, ascending.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

    /// <summary>How many.</summary>
    public long Count => Counts.Sum();
}
