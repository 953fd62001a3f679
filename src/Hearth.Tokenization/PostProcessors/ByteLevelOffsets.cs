using System.Runtime.InteropServices;

namespace Hearth.Tokenization;

/// <summary>Takes the blanks at both ends of a token out of its range.</summary>
internal sealed class ByteLevelOffsets(Func<int, string?> tokenText, bool addPrefixSpace) : IPostProcessor
{
    public List<EncodedToken> Process(List<EncodedToken> tokens, bool addSpecialTokens)
    {
        var span = CollectionsMarshal.AsSpan(tokens);
        for (var i = 0; i < span.Length; i++) span[i] = span[i] with { Range = Trim(span[i], isFirst: i == 0) };
        return tokens;
    }

    private TextRange Trim(EncodedToken token, bool isFirst)
    {
        var text = token.MatchedText ?? tokenText(token.Id) ?? "";
        var leading = 0;
        while (leading < text.Length && IsBlank(text[leading])) leading++;
        var trailing = 0;
        while (trailing < text.Length && IsBlank(text[^(trailing + 1)])) trailing++;
        var (start, end) = token.Range;

        // One blank at the very start may be the prefix space, which stands for no character of the text.
        var isPrefixSpace = addPrefixSpace && leading == 1 && (isFirst || start == 0);
        if (leading > 0 && !isPrefixSpace) start = Math.Min(start + leading, end);
        if (trailing > 0 && end >= trailing) end = Math.Max(end - trailing, start);
        return new TextRange(start, end);
    }

    private static bool IsBlank(char unit) => unit == ByteAlphabet.Blank || char.IsWhiteSpace(unit);
}
