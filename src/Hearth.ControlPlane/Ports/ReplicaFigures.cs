namespace Hearth.ControlPlane;

/// <summary>What a replica's engine does now, and has done since it started.</summary>
public sealed record ReplicaFigures
{
    /// <summary>Sequences that hold KV blocks, and the most that may.</summary>
    public int Running { get; init; }
    public int MaxRunning { get; init; }
    /// <summary>Sequences that wait for blocks.</summary>
    public int Waiting { get; init; }
    public int KvBlocks { get; init; }
    /// <summary>KV blocks that sequences hold.</summary>
    public int KvBlocksUsed { get; init; }
    /// <summary>KV blocks that nobody holds and whose content may be found again.</summary>
    public int KvBlocksCached { get; init; }
    /// <summary>For how long the oldest of them has not been used.</summary>
    public double OldestCachedSeconds { get; init; }
    public long Steps { get; init; }
    /// <summary>Milliseconds in the model, over all steps.</summary>
    public double ForwardMilliseconds { get; init; }
    /// <summary>Tokens of the prompts that were begun, and how many of them the prefix cache had.</summary>
    public long PromptTokens { get; init; }
    public long CachedPromptTokens { get; init; }
    /// <summary>Tokens computed for sequences that had no completion yet.</summary>
    public long PrefillTokens { get; init; }
    public long GeneratedTokens { get; init; }
    /// <summary>Tokens that were guessed ahead, and how many of them were right.</summary>
    public long DraftTokens { get; init; }
    public long AcceptedDraftTokens { get; init; }
    /// <summary>Times that a sequence's blocks were taken back.</summary>
    public long Preemptions { get; init; }
    /// <summary>Tokens a second, over the last ten seconds.</summary>
    public double PrefillTokensPerSecond { get; init; }
    public double GeneratedTokensPerSecond { get; init; }
    /// <summary>Upper bounds of the latencies' buckets in milliseconds; one more bucket is beyond all.</summary>
    public IReadOnlyList<double> LatencyBounds { get; init; } = [];
    /// <summary>From the arrival of a request to its first step.</summary>
    public LatencyFigures Queue { get; init; } = LatencyFigures.None;
    /// <summary>From the first step of a request to its first token.</summary>
    public LatencyFigures Prefill { get; init; } = LatencyFigures.None;
    /// <summary>From the arrival of a request to its first token.</summary>
    public LatencyFigures FirstToken { get; init; } = LatencyFigures.None;
    /// <summary>Between two tokens of a completion.</summary>
    public LatencyFigures InterToken { get; init; } = LatencyFigures.None;
}

/// <summary>Durations by bucket, and their sum in milliseconds.</summary>
public sealed record LatencyFigures(IReadOnlyList<long> Counts, double SumMilliseconds)
{
    public static LatencyFigures None { get; } = new([], 0);
}
