namespace Hearth.Tokenization;

/// <summary>What a <see cref="BpeTrainer"/> is to make.</summary>
public sealed record BpeTrainerOptions
{
    /// <value>Tokens in all: special ones, 256 bytes, merges. Fewer when the text runs out of pairs.</value>
    public int VocabularySize { get; init; } = 1200;

    /// <value>Pairs seen less often are not merged.</value>
    public long MinimumFrequency { get; init; } = 2;

    /// <value>Control tokens; they get the ids 0, 1, ... in this order.</value>
    public IReadOnlyList<string> SpecialTokens { get; init; } = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
}
