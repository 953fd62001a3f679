using System.Text;

namespace Hearth.Tokenization;

/// <summary>Upper, lower and title case as Python does them: with the expansions that single code points have.</summary>
internal static class PythonCase
{
    public static string Upper(string text)
    {
        var output = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) output.Append(UpperOf(rune));
        return output.ToString();
    }

    public static string Lower(string text)
    {
        var output = new StringBuilder(text.Length);
        var runes = text.EnumerateRunes().ToArray();
        for (var i = 0; i < runes.Length; i++)
        {
            if (runes[i].Value == 0x130) output.Append("i\u0307");
            else if (runes[i].Value == 0x3A3) output.Append(IsFinal(runes, i) ? 'ς' : 'σ');
            else output.Append(Rune.ToLowerInvariant(runes[i]));
        }

        return output.ToString();
    }

    public static string Capitalize(string text)
    {
        if (text.Length == 0) return text;
        var first = text.EnumerateRunes().First();
        return TitleOf(first) + Lower(text[first.Utf16SequenceLength..]);
    }

    public static string Swap(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => Rune.IsUpper(rune) ? Lower(rune.ToString()) : UpperOf(rune)));

    /// <summary>The first letter of each run of letters is a capital.</summary>
    public static string Title(string text)
    {
        var output = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var isCased = Rune.IsLetter(rune);
            output.Append(isCased && !inWord ? TitleOf(rune) : Lower(rune.ToString()));
            inWord = isCased;
        }

        return output.ToString();
    }

    // Final sigma: a letter before it and none behind.
    private static bool IsFinal(Rune[] runes, int at) =>
        at > 0 && Rune.IsLetter(runes[at - 1]) && (at + 1 == runes.Length || !Rune.IsLetter(runes[at + 1]));

    // SpecialCasing.txt of Unicode, the common ones of those that do not depend on language or context.
    private static string UpperOf(Rune rune) => rune.Value switch
    {
        0xDF => "SS",
        0x149 => "\u02BCN",
        0x1F0 => "J\u030C",
        0xFB00 => "FF",
        0xFB01 => "FI",
        0xFB02 => "FL",
        0xFB03 => "FFI",
        0xFB04 => "FFL",
        0xFB05 or 0xFB06 => "ST",
        _ => Rune.ToUpperInvariant(rune).ToString(),
    };

    private static string TitleOf(Rune rune) => rune.Value switch
    {
        0xDF => "Ss",
        >= 0x1C4 and <= 0x1C6 => "\u01C5",
        >= 0x1C7 and <= 0x1C9 => "\u01C8",
        >= 0x1CA and <= 0x1CC => "\u01CB",
        >= 0x1F1 and <= 0x1F3 => "\u01F2",
        _ => UpperOf(rune) is { Length: > 2 } upper ? upper[0] + upper[1..].ToLowerInvariant() : UpperOf(rune),
    };
}
