using Hearth.Grammars;

namespace Hearth.Inference;

/// <summary>One request to the engine: token ids in, and how to continue them.</summary>
public sealed record GenerationOptions
{
    /// <summary>The prompt.</summary>
    public required IReadOnlyList<int> PromptTokenIds { get; init; }

    /// <summary>What the prompt holds beside text. A model that has no encoder for it refuses the request.</summary>
    public IReadOnlyList<PromptInput> Inputs { get; init; } = [];

    /// <summary>The adapter, or null for the base model.</summary>
    public Addon? Addon { get; init; }

    /// <summary>Whose request it is: accounts are served evenly, and do not see each other's cached prefixes. Null: nobody in particular.</summary>
    public string? Account { get; init; }

    /// <summary>Gets more of the account's own share than its other requests.</summary>
    public bool IsUrgent { get; init; }

    /// <summary>Splits the account's prefix cache: only sequences with an equal key share blocks.</summary>
    public string? IsolationKey { get; init; }

    /// <summary>The request fails where it was not begun within this time; null: the engine's longest wait.</summary>
    public TimeSpan? BeginWithin { get; init; }

    /// <summary>Most completion tokens. Null: what the context leaves. 0: only score the prompt.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Completion tokens before a stop token may be sampled.</summary>
    public int MinTokens { get; init; }

    /// <summary>Ids that end a completion, beside the engine's own end-of-sequence ids.</summary>
    public IReadOnlyList<int> StopTokenIds { get; init; } = [];

    /// <summary>Leaves the engine's end-of-sequence ids out of account; <see cref="StopTokenIds"/> still end.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>How tokens are chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Holds the completion to a grammar, over the model's vocabulary; it ends when the text is complete. Null: any text.</summary>
    public TokenAutomaton? Grammar { get; init; }

    /// <summary>Number of completions; they share the prompt's blocks.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Best alternatives reported beside each token, by raw logprob.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>Also report the logprobs of the prompt's own tokens.</summary>
    public bool PromptLogprobs { get; init; }

    /// <summary>A text that the caller expects as the answer, or as much of it. It makes the answer faster where it is right and never changes it.</summary>
    public IReadOnlyList<int>? PredictedTokenIds { get; init; }

    /// <summary>Most tokens at a time that are guessed from repetitions in prompt and completion; 0: none. Null: as the engine does. Never changes the answer.</summary>
    public int? NgramDrafts { get; init; }

    /// <summary>True: a prompt that leaves no room for <see cref="MaxTokens"/> is refused rather than given fewer tokens.</summary>
    public bool ErrorOnContextOverflow { get; init; }

    internal PrefixRoot PrefixRoot(string numericsId, string? ropeRegime) => new(numericsId, ropeRegime, Addon?.Hash, Account, IsolationKey);
}
