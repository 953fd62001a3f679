using System.Collections.Concurrent;

namespace Hearth.Server;

/// <summary>
/// One token bucket a key, as the time at which it would be full again (GCRA): one number each, changed without locks. Full buckets are forgotten,
/// so the memory is bounded by who asked within the last minute. Kept in memory: a restart gives everybody a full bucket.
/// </summary>
internal sealed class TokenBuckets(TimeProvider clock)
{
    private const uint SweepEvery = 1 << 14; // takes; so a bucket costs little to forget, however many there are

    private readonly ConcurrentDictionary<string, long> _fullAt = new();
    private uint _takes;

    /// <summary>Takes a token from a bucket that holds a minute's worth of them.</summary>
    public TokenGrant Take(string key, long perMinute)
    {
        if (Interlocked.Increment(ref _takes) % SweepEvery == 0) Sweep();
        var minute = clock.TimestampFrequency * 60;
        while (true)
        {
            var now = clock.GetTimestamp();
            var known = _fullAt.TryGetValue(key, out var fullAt);
            var missing = known ? Math.Max(0, fullAt - now) : 0;
            var after = missing + (minute + perMinute - 1) / perMinute;
            if (after > minute) return new(false, perMinute, 0, clock.GetElapsedTime(0, after - minute));
            if (known ? !_fullAt.TryUpdate(key, now + after, fullAt) : !_fullAt.TryAdd(key, now + after)) continue;
            return new(true, perMinute, (long)((minute - after) * (Int128)perMinute / minute), TimeSpan.Zero);
        }
    }

    /// <summary>Buckets that are remembered.</summary>
    public int Count => _fullAt.Count;

    private void Sweep()
    {
        var now = clock.GetTimestamp();
        foreach (var bucket in _fullAt)
            if (bucket.Value <= now) _fullAt.TryRemove(bucket);
    }
}

/// <summary>What a bucket said.</summary>
/// <param name="PerMinute">The limit.</param>
/// <param name="Remaining">Tokens left.</param>
/// <param name="RetryAfter">When there is one again; zero where it was granted.</param>
internal readonly record struct TokenGrant(bool Allowed, long PerMinute, long Remaining, TimeSpan RetryAfter);
