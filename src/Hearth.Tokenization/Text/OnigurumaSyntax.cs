using System.Text;

namespace Hearth.Tokenization;

/// <summary>Rewrites the few things Oniguruma writes differently from .NET; everything else passes through.</summary>
internal static class OnigurumaSyntax
{
    // .NET does not fold the long s, Oniguruma does; (?i:'s) therefore has to name it.
    private const string Contractions = "'s|'t|'re|'ve|'m|'ll|'d";
    private const string FoldedContractions = "'[s\u017F]|'t|'re|'ve|'m|'ll|'d";

    // Han has no block of its own in .NET. BMP part of Script=Han, Unicode 15.
    private const string Han = @"\u2E80-\u2E99\u2E9B-\u2EF3\u2F00-\u2FD5\u3005\u3007\u3021-\u3029\u3038-\u303B\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFA6D\uFA70-\uFAD9";

    // Letters, all marks, letter numbers: Unicode's \w (Technical Standard 18, annex C). .NET's is smaller.
    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u200C\u200D\u24B6-\u24E9";

    public static string ToDotNet(string pattern)
    {
        pattern = pattern.Replace(@"&&[^\p{Han}]]", @"-[\p{Han}]]", StringComparison.Ordinal);
        if (pattern.Contains("&&", StringComparison.Ordinal))
            throw new ArgumentException("class intersections (&&) other than with [^\\p{Han}] are not supported.");

        pattern = pattern.Replace($"(?i:{Contractions})", $"(?i:{FoldedContractions})", StringComparison.Ordinal);
        var output = new StringBuilder(pattern.Length);
        for (var i = 0; i < pattern.Length;)
        {
            var atomEnd = EndOfAtom(pattern, i);
            var atom = WithNamedSets(pattern[i..atomEnd]);
            i = atomEnd;
            // X*+, X++ and X?+ are possessive; .NET spells that (?>X*).
            var isPossessive = i + 1 < pattern.Length && (pattern[i] is '*' or '+' or '?') && pattern[i + 1] == '+';
            output.Append(isPossessive ? $"(?>{atom}{pattern[i]})" : atom);
            if (isPossessive) i += 2;
        }

        return output.ToString();
    }

    private static string WithNamedSets(string atom) => atom switch
    {
        @"\w" => $"[{Word}]",
        @"\W" => $"[^{Word}]",
        @"\p{Han}" => $"[{Han}]",
        _ when atom[0] == '[' => atom
            .Replace(@"\w", Word, StringComparison.Ordinal).Replace(@"\p{Han}", Han, StringComparison.Ordinal),
        _ => atom,
    };

    // A character class or an escape is one atom. A group is read character by character: published expressions never
    // put a possessive quantifier behind one.
    private static int EndOfAtom(string pattern, int start)
    {
        if (pattern[start] == '\\') return EndOfEscape(pattern, start);
        if (pattern[start] != '[') return start + 1;

        var i = start + 1;
        if (i < pattern.Length && pattern[i] == '^') i++;
        if (i < pattern.Length && pattern[i] == ']') i++;
        while (i < pattern.Length && pattern[i] != ']')
        {
            var isSubtraction = pattern[i] == '[' && pattern[i - 1] == '-';
            i = pattern[i] == '\\' ? EndOfEscape(pattern, i) : isSubtraction ? EndOfAtom(pattern, i) : i + 1;
        }

        return Math.Min(i + 1, pattern.Length);
    }

    private static int EndOfEscape(string pattern, int start)
    {
        var next = start + 1;
        if (next + 1 < pattern.Length && (pattern[next] is 'p' or 'P') && pattern[next + 1] == '{')
        {
            var close = pattern.IndexOf('}', next);
            if (close > 0) return close + 1;
        }

        return Math.Min(next + 1, pattern.Length);
    }
}
