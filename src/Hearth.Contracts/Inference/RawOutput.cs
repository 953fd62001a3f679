namespace Hearth.Contracts;

/// <summary>What really went into the model and came out of it, special tokens included.</summary>
public sealed record RawOutput
{
    public IReadOnlyList<string> PromptFragments { get; init; } = [];
    public IReadOnlyList<int> PromptTokenIds { get; init; } = [];
    public string Completion { get; init; } = "";
    public IReadOnlyList<int> CompletionTokenIds { get; init; } = [];
    public ContentLogprobs? CompletionLogprobs { get; init; }
}
