using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Hearth.Tokenization;

/// <summary>
/// A regular expression of a tokenizer file, matched on whole code points as Oniguruma does.
/// </summary>
/// <remarks>
/// .NET matches UTF-16 units, so an astral letter is two surrogates and no letter. Published expressions name characters
/// outside the BMP only through their general category; the text is therefore matched through a stand-in in which each
/// astral code point is one BMP character of the same category, one that no expression names: outside of Latin, Greek, CJK
/// and U+0800..U+4E00, which DeepSeek's expressions write out.
/// </remarks>
internal sealed class CodePointRegex
{
    // An expression comes with a model file, which may be hostile: backtracking ends after this long.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    // Compiling takes longer than reading a small tokenizer, and most models share a few expressions.
    private static readonly ConcurrentDictionary<string, Regex> Compiled = new(StringComparer.Ordinal);
    private const int MostCompiled = 256;

    private readonly Regex _regex;

    public CodePointRegex(string pattern)
    {
        if (Compiled.Count >= MostCompiled) Compiled.Clear();
        _regex = Compiled.GetOrAdd(pattern, Compile);
    }

    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(OnigurumaSyntax.ToDotNet(pattern), RegexOptions.CultureInvariant | RegexOptions.Compiled, Timeout);
        }
        catch (ArgumentException error)
        {
            throw new NotSupportedException($"Tokenizer expression '{pattern}' is not supported: {error.Message}", error);
        }
    }

    /// <summary>Appends every match as unit ranges of <paramref name="chars"/>, left to right.</summary>
    public void FindMatches(ReadOnlySpan<char> chars, List<(int Start, int End)> matches)
    {
        if (chars.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            foreach (var match in _regex.EnumerateMatches(chars)) matches.Add((match.Index, match.Index + match.Length));
            return;
        }

        var standIn = new char[chars.Length];
        var positions = new int[chars.Length + 1];
        var count = WriteStandIn(chars, standIn, positions);
        foreach (var match in _regex.EnumerateMatches(standIn.AsSpan(0, count)))
            matches.Add((positions[match.Index], positions[match.Index + match.Length]));
    }

    private static int WriteStandIn(ReadOnlySpan<char> chars, char[] standIn, int[] positions)
    {
        var count = 0;
        for (var i = 0; i < chars.Length; count++)
        {
            Rune.DecodeFromUtf16(chars[i..], out var rune, out var used);
            standIn[count] = rune.IsBmp ? (char)rune.Value : StandInFor(rune);
            positions[count] = i;
            i += used;
        }

        positions[count] = chars.Length;
        return count;
    }

    private static char StandInFor(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.OtherLetter when rune.Value is >= 0x20000 and < 0x40000 => '\uF900', // the planes of Han
        UnicodeCategory.UppercaseLetter => '\u0187',
        UnicodeCategory.LowercaseLetter => '\u0188',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\uA000',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\uA823',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\uA6E6',
        UnicodeCategory.OtherNumber => '\uA830',
        UnicodeCategory.ConnectorPunctuation => '\uFE33',
        UnicodeCategory.DashPunctuation => '\u058A',
        UnicodeCategory.OpenPunctuation => '\uFE17',
        UnicodeCategory.ClosePunctuation => '\uFE18',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u055A',
        UnicodeCategory.MathSymbol => '\uFB29',
        UnicodeCategory.CurrencySymbol => '\u058F',
        UnicodeCategory.ModifierSymbol => '\u02C2',
        UnicodeCategory.OtherSymbol => '\u0482',
        UnicodeCategory.Format => '\u0600',
        UnicodeCategory.PrivateUse => '\uE000',
        _ => '\u0378', // unassigned
    };
}
