namespace Hearth.Tokenization;

/// <summary>Rewrites a text before it is cut, keeping track of where each character came from.</summary>
internal interface INormalizer
{
    TextBuffer Normalize(TextBuffer text);
}
