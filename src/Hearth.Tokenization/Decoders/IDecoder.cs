namespace Hearth.Tokenization;

/// <summary>Rewrites the tokens of an answer; what the last decoder leaves is joined to the text.</summary>
internal interface IDecoder
{
    List<string> Decode(List<string> tokens);
}
