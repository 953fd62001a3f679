namespace Hearth.Tokenization;

/// <summary>A mark at the end of a word becomes a blank, and nothing in the last token.</summary>
internal sealed class WordSuffixDecoder(string suffix) : IDecoder
{
    public List<string> Decode(List<string> tokens) =>
        [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];
}
