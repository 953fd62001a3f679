namespace Hearth.ControlPlane;

/// <summary>Whether the node agent still does its round: it asks for its assignments at least once a second (rule R4).</summary>
public sealed class NodeLiveness(TimeProvider clock)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);
    private long _last = long.MinValue;

    public bool IsAlive => Interlocked.Read(ref _last) is var last && last != long.MinValue && clock.GetElapsedTime(last) < Silence;

    public void Beat() => Interlocked.Exchange(ref _last, clock.GetTimestamp());
}
