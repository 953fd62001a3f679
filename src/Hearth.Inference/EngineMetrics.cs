namespace Hearth.Inference;

/// <summary>What an engine is doing, and has done since it started.</summary>
public sealed record EngineMetrics
{
    /// <summary>Sequences that hold KV blocks.</summary>
    public int Running { get; init; }
    /// <summary>Sequences that wait for blocks.</summary>
    public int Waiting { get; init; }
    /// <summary>All KV blocks.</summary>
    public int Blocks { get; init; }
    /// <summary>Blocks that can be taken, cached ones included.</summary>
    public int FreeBlocks { get; init; }
    /// <summary>Free blocks whose content may be found again.</summary>
    public int CachedBlocks { get; init; }
    /// <summary>Engine steps.</summary>
    public long Steps { get; init; }
    /// <summary>Tokens that went through the model.</summary>
    public long ComputedTokens { get; init; }
    /// <summary>Tokens that were sampled.</summary>
    public long GeneratedTokens { get; init; }
    /// <summary>Prompt tokens that the prefix cache saved.</summary>
    public long CachedTokens { get; init; }
    /// <summary>Times that a sequence's blocks were taken back.</summary>
    public long Preemptions { get; init; }
    /// <summary>Tokens that were guessed, and how many of them were right.</summary>
    public DraftCounts Drafts { get; init; }
    /// <summary>Sampled tokens a second, over the last ten seconds.</summary>
    public double GeneratedTokensPerSecond { get; init; }
    /// <summary>Tokens through the model a second, over the last ten seconds.</summary>
    public double ComputedTokensPerSecond { get; init; }
}
