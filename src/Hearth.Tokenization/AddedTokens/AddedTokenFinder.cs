using System.Buffers;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>Finds added tokens in a text: leftmost match first, the longest of those that start together.</summary>
internal sealed class AddedTokenFinder
{
    private readonly Dictionary<char, (string Pattern, AddedToken Token)[]> _byFirst;
    private readonly SearchValues<char> _firsts;

    /// <param name="tokens">Each token with the text to look for: its content, normalised where it asks for that.</param>
    public AddedTokenFinder(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        _byFirst = tokens.Where(entry => entry.Pattern.Length > 0)
            .GroupBy(entry => entry.Pattern[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(entry => entry.Pattern.Length).ToArray());
        _firsts = SearchValues.Create([.. _byFirst.Keys]);
    }

    /// <summary>A stretch of text: a token, or text between tokens.</summary>
    internal readonly record struct Stretch(int Start, int End, AddedToken? Token);

    /// <summary>Cuts the text into stretches. Special tokens are left in the text when they are not to be parsed.</summary>
    public void Split(ReadOnlySpan<char> text, bool parseSpecial, List<Stretch> output)
    {
        var done = 0;
        for (var position = 0; position < text.Length;)
        {
            var step = text[position..].IndexOfAny(_firsts);
            if (step < 0) break;
            position += step;
            if (Longest(text, position) is not { } match)
            {
                position++;
                continue;
            }

            var end = position + match.Pattern.Length;
            if (position >= done && Accepts(text, position, end, match.Token, parseSpecial))
                Emit(text, position, end, match.Token, ref done, output);
            position = end;
        }

        if (done < text.Length) output.Add(new Stretch(done, text.Length, null));
    }

    private static void Emit(
        ReadOnlySpan<char> text, int start, int end, AddedToken token, ref int done, List<Stretch> output)
    {
        while (token.StripsLeft && start > done && char.IsWhiteSpace(text[start - 1])) start--;
        while (token.StripsRight && end < text.Length && char.IsWhiteSpace(text[end])) end++;
        if (done < start) output.Add(new Stretch(done, start, null));
        output.Add(new Stretch(start, end, token));
        done = end;
    }

    private (string Pattern, AddedToken Token)? Longest(ReadOnlySpan<char> text, int position)
    {
        foreach (var entry in _byFirst[text[position]])
            if (text[position..].StartsWith(entry.Pattern, StringComparison.Ordinal)) return entry;
        return null;
    }

    private static bool Accepts(ReadOnlySpan<char> text, int start, int end, AddedToken token, bool parseSpecial)
    {
        if (token.IsSpecial && !parseSpecial) return false;
        return !token.IsSingleWord || (!EndsWithWord(text[..start]) && !StartsWithWord(text[end..]));
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && RuneClasses.IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && RuneClasses.IsWord(rune);
}
