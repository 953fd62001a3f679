namespace Hearth.Inference;

/// <summary>Tokens a second over the last ten seconds, in buckets of one second. Any thread may write and read.</summary>
internal sealed class TokenRate(TimeProvider time)
{
    private const int Seconds = 10;
    private readonly long[] _buckets = new long[Seconds + 1]; // one more: the current second is not over
    private readonly long _start = time.GetTimestamp();
    private readonly Lock _lock = new();
    private long _second;

    /// <summary>Counts tokens now.</summary>
    public void Add(long tokens)
    {
        lock (_lock)
        {
            MoveOn();
            _buckets[_second % _buckets.Length] += tokens;
        }
    }

    /// <summary>The rate; a younger counter divides by its age.</summary>
    public double PerSecond()
    {
        lock (_lock)
        {
            MoveOn();
            double age = time.GetElapsedTime(_start).TotalSeconds;
            double span = Math.Min(age, Seconds + age - Math.Floor(age));
            return span <= 0 ? 0 : _buckets.Sum() / span;
        }
    }

    private void MoveOn()
    {
        long now = (long)time.GetElapsedTime(_start).TotalSeconds;
        if (now - _second >= _buckets.Length) Array.Clear(_buckets);
        else
            for (long second = _second + 1; second <= now; second++) _buckets[second % _buckets.Length] = 0;
        _second = now;
    }
}
