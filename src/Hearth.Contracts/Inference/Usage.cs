namespace Hearth.Contracts;

/// <summary>Tokens of one request. Prompt tokens include the cached ones.</summary>
public sealed record UsageInfo
{
    public int PromptTokens { get; init; }
    public int CompletionTokens { get; init; }
    public int TotalTokens { get; init; }
    public PromptTokensDetails PromptTokensDetails { get; init; } = new();
    /// <summary>Left out where there is nothing to tell.</summary>
    public CompletionTokensDetails? CompletionTokensDetails { get; init; }
}

/// <summary>How many prompt tokens came from the prefix cache.</summary>
public sealed record PromptTokensDetails
{
    public int CachedTokens { get; init; }
}

/// <summary>What became of a predicted output.</summary>
public sealed record CompletionTokensDetails
{
    /// <summary>Tokens of the prediction that the answer has and that were not generated one by one.</summary>
    public int AcceptedPredictionTokens { get; init; }
    /// <summary>Tokens of the prediction that were tried and differed.</summary>
    public int RejectedPredictionTokens { get; init; }
}
