namespace Hearth.Contracts;

/// <summary>Tokens of one request. Prompt tokens include the cached ones.</summary>
public sealed record UsageInfo
{
    public int PromptTokens { get; init; }
    public int CompletionTokens { get; init; }
    public int TotalTokens { get; init; }
    public PromptTokensDetails PromptTokensDetails { get; init; } = new();
}

/// <summary>How many prompt tokens came from the prefix cache.</summary>
public sealed record PromptTokensDetails
{
    public int CachedTokens { get; init; }
}
