namespace Hearth.Tokenization;

/// <summary>Puts a fixed text in place of every match. The new text's origin is the last code point replaced.</summary>
internal sealed class ReplaceNormalizer(CodePointRegex pattern, string content) : INormalizer
{
    public TextBuffer Normalize(TextBuffer text)
    {
        var matches = new List<(int Start, int End)>();
        pattern.FindMatches(text.Chars, matches);
        if (matches.Count == 0) return text;

        var result = new TextBuffer(text.Length);
        var position = 0;
        foreach (var (start, end) in matches)
        {
            result.AppendSlice(text, position, start);
            result.Append(content, end > 0 ? text.Origins[end - 1] : default);
            position = end;
        }

        result.AppendSlice(text, position, text.Length);
        return result;
    }
}
