namespace Hearth.Inference;

/// <summary>What an engine is doing, and has done since it started.</summary>
public sealed record EngineMetrics
{
    /// <summary>Sequences that hold KV blocks.</summary>
    public int Running { get; init; }
    /// <summary>Most of them.</summary>
    public int MaxRunning { get; init; }
    /// <summary>Sequences that wait for blocks.</summary>
    public int Waiting { get; init; }
    /// <summary>All KV blocks.</summary>
    public int Blocks { get; init; }
    /// <summary>Blocks that can be taken, cached ones included.</summary>
    public int FreeBlocks { get; init; }
    /// <summary>Free blocks whose content may be found again.</summary>
    public int CachedBlocks { get; init; }
    /// <summary>For how long the oldest of them has not been used.</summary>
    public TimeSpan OldestCached { get; init; }
    /// <summary>Engine steps.</summary>
    public long Steps { get; init; }
    /// <summary>Tokens that went through the model.</summary>
    public long ComputedTokens { get; init; }
    /// <summary>Those of sequences that had no completion yet.</summary>
    public long PrefillTokens { get; init; }
    /// <summary>Tokens that were sampled.</summary>
    public long GeneratedTokens { get; init; }
    /// <summary>Tokens of the prompts that were begun.</summary>
    public long PromptTokens { get; init; }
    /// <summary>How many of them the prefix cache had.</summary>
    public long CachedPromptTokens { get; init; }
    /// <summary>Tokens that the prefix cache saved, after preemptions too.</summary>
    public long CachedTokens { get; init; }
    /// <summary>Times that a sequence's blocks were taken back.</summary>
    public long Preemptions { get; init; }
    /// <summary>Tokens that were guessed, and how many of them were right.</summary>
    public DraftCounts Drafts { get; init; }
    /// <summary>Sampled tokens a second, over the last ten seconds.</summary>
    public double GeneratedTokensPerSecond { get; init; }
    /// <summary>Prefill tokens through the model a second, over the last ten seconds.</summary>
    public double PrefillTokensPerSecond { get; init; }
    /// <summary>Tokens through the model a second, over the last ten seconds.</summary>
    public double ComputedTokensPerSecond { get; init; }
    /// <summary>Milliseconds in the model, over all steps.</summary>
    public double ForwardMilliseconds { get; init; }
    /// <summary>From the submission of a request to its first step.</summary>
    public Latencies Queue { get; init; } = new([], 0);
    /// <summary>From the first step of a request to its first token.</summary>
    public Latencies Prefill { get; init; } = new([], 0);
    /// <summary>From the submission of a request to its first token.</summary>
    public Latencies FirstToken { get; init; } = new([], 0);
    /// <summary>Between two tokens of a completion.</summary>
    public Latencies InterToken { get; init; } = new([], 0);
}
