namespace Hearth.Tokenization;

internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public TextBuffer Normalize(TextBuffer text)
    {
        var start = 0;
        var end = text.Length;
        while (left && start < end && char.IsWhiteSpace(text.Chars[start])) start++;
        while (right && end > start && char.IsWhiteSpace(text.Chars[end - 1])) end--;
        return start == 0 && end == text.Length ? text : text.Slice(start, end);
    }
}
