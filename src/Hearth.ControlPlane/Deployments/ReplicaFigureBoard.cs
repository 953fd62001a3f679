using System.Collections.Concurrent;

namespace Hearth.ControlPlane;

/// <summary>The last minute of every replica's figures. They may be lost: nothing depends on them but metrics.</summary>
public sealed class ReplicaFigureBoard(TimeProvider clock)
{
    /// <summary>A replica that has said nothing for this long is no longer there.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>How far back the earlier figures lie.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<(string Resource, string Replica), Queue<Report>> _reports = [];

    /// <summary>Takes a replica's figures.</summary>
    /// <param name="resource">Its deployment, or batch job.</param>
    /// <param name="replica">Which one: a name of no meaning.</param>
    public void Put(string resource, string replica, ReplicaFigures figures)
    {
        var now = clock.GetUtcNow();
        var own = _reports.GetOrAdd((resource, replica), _ => new());
        lock (own)
        {
            own.Enqueue(new(now, figures));
            while (own.Count > 2 && now - own.Peek().At > Window) own.Dequeue();
        }
        foreach (var (key, reports) in _reports)
            if (Read(reports) is null) _reports.TryRemove(key, out _);
    }

    /// <summary>All replicas, in order of name.</summary>
    public IReadOnlyList<ReplicaReport> List() =>
        [.. _reports.Select(one => (one.Key, Figures: Read(one.Value))).Where(one => one.Figures is not null)
            .Select(one => new ReplicaReport(one.Key.Resource, one.Key.Replica, one.Figures!.Value.Now, one.Figures.Value.Before))
            .OrderBy(one => one.Resource, StringComparer.Ordinal).ThenBy(one => one.Replica, StringComparer.Ordinal)];

    // The first report of a replica is compared with its start, when all was nothing.
    private (ReplicaFigures Now, ReplicaFigures Before)? Read(Queue<Report> reports)
    {
        lock (reports)
        {
            if (reports.Count == 0 || clock.GetUtcNow() - reports.Last().At > Lifetime) return null;
            return (reports.Last().Figures, reports.Count == 1 ? new() : reports.Peek().Figures);
        }
    }

    private sealed record Report(DateTimeOffset At, ReplicaFigures Figures);
}

/// <summary>What a replica said last, and what it had said about a minute before.</summary>
public sealed record ReplicaReport(string Resource, string Replica, ReplicaFigures Now, ReplicaFigures Before)
{
    /// <summary>Part of the prompts' tokens that the prefix cache had, in the last minute; null: there were none.</summary>
    public double? PrefixHitRatio => Ratio(Now.CachedPromptTokens - Before.CachedPromptTokens, Now.PromptTokens - Before.PromptTokens);

    /// <summary>Mean milliseconds of a step in the model, in the last minute; null: there was none.</summary>
    public double? ForwardMilliseconds => Ratio(Now.ForwardMilliseconds - Before.ForwardMilliseconds, Now.Steps - Before.Steps);

    private static double? Ratio(double part, long whole) => whole <= 0 ? null : part / whole;
}
