namespace Hearth.Tokenization;

/// <summary>What a tokenizer is made of; a part that is null does nothing.</summary>
internal sealed record TokenizerParts(ITokenModel Model)
{
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public INormalizer? Normalizer { get; init; }

    public IPreTokenizer? PreTokenizer { get; init; }

    /// <summary>Made once token texts can be looked up.</summary>
    public Func<Func<int, string?>, IPostProcessor?> PostProcessor { get; init; } = _ => null;

    public IDecoder? Decoder { get; init; }
}
