namespace Hearth.Server.Tests;

/// <summary>A clock whose time of day moves when told; timers and durations stay real.</summary>
public sealed class ManualClock : TimeProvider
{
    private TimeSpan _ahead;

    public void Advance(TimeSpan by) => _ahead += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;
}
