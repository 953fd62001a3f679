using System.Numerics;

namespace Hearth.ControlPlane;

/// <summary>Lengths in buckets of powers of two.</summary>
public sealed record LengthHistogram
{
    public long Count { get; init; }
    public long Sum { get; init; }
    public long Min { get; init; }
    public long Max { get; init; }
    public double Mean => Count == 0 ? 0 : (double)Sum / Count;
    /// <summary>In order, from the first bucket that holds something to the last.</summary>
    public IReadOnlyList<LengthBucket> Buckets { get; init; } = [];
}

/// <summary>Lengths above half of <paramref name="UpTo"/> and up to it.</summary>
public sealed record LengthBucket(long UpTo, long Count);

/// <summary>Counts lengths.</summary>
public sealed class LengthCounter
{
    private readonly long[] _counts = new long[64];
    private long _sum, _count, _max, _min = long.MaxValue;

    public void Add(long length)
    {
        _counts[BucketOf(length)]++;
        _count++;
        _sum += length;
        _min = Math.Min(_min, length);
        _max = Math.Max(_max, length);
    }

    /// <summary>Takes a length back; the least and the greatest seen stay what they are.</summary>
    public void Remove(long length)
    {
        _counts[BucketOf(length)]--;
        _count--;
        _sum -= length;
    }

    public void Add(LengthCounter other)
    {
        for (var i = 0; i < _counts.Length; i++) _counts[i] += other._counts[i];
        _count += other._count;
        _sum += other._sum;
        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
    }

    public LengthHistogram ToHistogram()
    {
        if (_count == 0) return new();
        var (first, last) = (BucketOf(_min), BucketOf(_max));
        var buckets = Enumerable.Range(first, last - first + 1).Select(i => new LengthBucket(1L << i, _counts[i])).ToList();
        return new() { Count = _count, Sum = _sum, Min = _min, Max = _max, Buckets = buckets };
    }

    // 0 and 1 in bucket 0, 2 in 1, 3..4 in 2, 5..8 in 3.
    private static int BucketOf(long length) => length <= 1 ? 0 : BitOperations.Log2((ulong)(length - 1)) + 1;
}
