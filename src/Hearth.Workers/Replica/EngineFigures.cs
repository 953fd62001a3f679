using Hearth.ControlPlane;
using Hearth.Inference;

namespace Hearth.Workers;

/// <summary>An engine's metrics as its replica reports them.</summary>
internal static class EngineFigures
{
    /// <summary>How often they are sent.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public static ReplicaFigures Of(EngineMetrics metrics) => new()
    {
        Running = metrics.Running,
        MaxRunning = metrics.MaxRunning,
        Waiting = metrics.Waiting,
        KvBlocks = metrics.Blocks,
        KvBlocksUsed = metrics.Blocks - metrics.FreeBlocks,
        KvBlocksCached = metrics.CachedBlocks,
        OldestCachedSeconds = metrics.OldestCached.TotalSeconds,
        Steps = metrics.Steps,
        ForwardMilliseconds = metrics.ForwardMilliseconds,
        PromptTokens = metrics.PromptTokens,
        CachedPromptTokens = metrics.CachedPromptTokens,
        PrefillTokens = metrics.PrefillTokens,
        GeneratedTokens = metrics.GeneratedTokens,
        DraftTokens = metrics.Drafts.Proposed,
        AcceptedDraftTokens = metrics.Drafts.Accepted,
        Preemptions = metrics.Preemptions,
        PrefillTokensPerSecond = metrics.PrefillTokensPerSecond,
        GeneratedTokensPerSecond = metrics.GeneratedTokensPerSecond,
        LatencyBounds = Latencies.Bounds,
        Queue = Of(metrics.Queue),
        Prefill = Of(metrics.Prefill),
        FirstToken = Of(metrics.FirstToken),
        InterToken = Of(metrics.InterToken),
    };

    public static GenerationTimes Of(RequestTimes times) =>
        new(times.Queue.TotalMilliseconds, times.Prefill.TotalMilliseconds, times.GenerationQueue.TotalMilliseconds, times.Generation.TotalMilliseconds);

    /// <summary>Sends figures until cancelled, the first ones at once.</summary>
    public static async Task SendAsync(Func<ReplicaFigures> read, Action<ReplicaFigures> send, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do send(read());
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private static LatencyFigures Of(Latencies latencies) => new(latencies.Counts, latencies.SumMilliseconds);
}
