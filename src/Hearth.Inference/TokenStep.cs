namespace Hearth.Inference;

/// <summary>One token of a completion, as it is streamed.</summary>
public sealed record TokenStep
{
    /// <summary>Which completion of the request.</summary>
    public required int Choice { get; init; }

    /// <summary>Index in the completion.</summary>
    public required int Index { get; init; }

    /// <summary>The token; null where the completion ended without one (nothing to generate, or an error).</summary>
    public int? TokenId { get; init; }

    /// <summary>Raw log-probability (natural logarithm, temperature 1; E6).</summary>
    public float Logprob { get; init; }

    /// <summary>Log-probability in the distribution that was drawn from; 0 when greedy.</summary>
    public float SamplingLogprob { get; init; }

    /// <summary>The best alternatives by raw logprob, best first, with their logprobs in the distribution that was drawn from.</summary>
    public IReadOnlyList<ScoredToken> Top { get; init; } = [];

    /// <summary>Set on the last step of the choice. With <see cref="FinishReason.Stop"/> the token is the stop token.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>With <see cref="FinishReason.Error"/>: why, where it was not the logits.</summary>
    public string? Fault { get; init; }
}

/// <summary>A token of the prompt and its raw log-probability; the first token has none.</summary>
public sealed record PromptToken(int TokenId, float? Logprob, IReadOnlyList<ScoredToken> Top);

/// <summary>Tokens of one request, over all choices.</summary>
/// <param name="PromptTokens">Tokens given.</param>
/// <param name="CompletionTokens">Tokens generated, stop tokens included.</param>
/// <param name="CachedPromptTokens">Tokens given whose keys and values were found in the prefix cache.</param>
public sealed record TokenUsage(int PromptTokens, int CompletionTokens, int CachedPromptTokens)
{
    /// <summary>Tokens that were guessed: they depend on the load, the answer does not.</summary>
    public DraftCounts Drafts { get; init; }
}

/// <summary>One finished completion.</summary>
public sealed record Completion(int Choice, IReadOnlyList<TokenStep> Steps, FinishReason FinishReason)
{
    /// <summary>The generated ids, a stop token included.</summary>
    public IEnumerable<int> TokenIds => Steps.Where(step => step.TokenId is not null).Select(step => step.TokenId!.Value);
}
