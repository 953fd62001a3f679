using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Commit times as a metric.</summary>
internal sealed class CommitObserver(Instruments instruments) : ICommitObserver
{
    public void Committed(TimeSpan duration, string outcome) => instruments.CommitTime.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("outcome", outcome));
}
