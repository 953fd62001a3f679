namespace Hearth.Tokenization;

/// <summary>The switches of a BPE model, named as in tokenizer.json.</summary>
internal sealed record BpeOptions
{
    public string? UnknownToken { get; init; }

    public string ContinuingSubwordPrefix { get; init; } = "";

    public string EndOfWordSuffix { get; init; } = "";

    /// <summary>Neighbouring unknown characters become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>An unknown character becomes tokens like &lt;0xE2&gt;, when all of its bytes have one.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A piece that is a token is taken whole, without merging.</summary>
    public bool IgnoreMerges { get; init; }
}
