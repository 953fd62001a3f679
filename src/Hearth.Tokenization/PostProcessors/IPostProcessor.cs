namespace Hearth.Tokenization;

/// <summary>Adjusts offsets and adds the special tokens that frame a text.</summary>
internal interface IPostProcessor
{
    /// <summary>Works on one text.</summary>
    List<EncodedToken> Process(List<EncodedToken> tokens, bool addSpecialTokens);
}
