using System.Text;

namespace Hearth.Tokenization;

/// <summary>Replaces, drops or expands single code points; what a code point becomes keeps its origin.</summary>
internal sealed class RuneMapNormalizer(Func<Rune, string?> map) : INormalizer
{
    /// <summary>Lower case by code point, without context: the one expansion is U+0130.</summary>
    public static RuneMapNormalizer Lowercase { get; } = new(rune =>
        rune.Value == 0x130 ? "i\u0307" : Rune.ToLowerInvariant(rune) is var lower && lower == rune ? null : lower.ToString());

    public static RuneMapNormalizer StripMarks { get; } = new(rune => RuneClasses.IsMark(rune) ? "" : null);

    /// <summary>SentencePiece's nmt rule: control characters out, exotic blanks to spaces.</summary>
    public static RuneMapNormalizer Nmt { get; } = new(rune => rune.Value switch
    {
        (>= 0x1 and <= 0x8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or 0x8F or 0x9F => "",
        0x9 or 0xA or 0xC or 0xD or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => " ",
        _ => null,
    });

    /// <summary>The map returns null for "unchanged", an empty string for "dropped".</summary>
    public TextBuffer Normalize(TextBuffer text)
    {
        var result = new TextBuffer(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var rune = text.RuneAt(i, out var used);
            var origin = text.Origins[i];
            if (map(rune) is { } replacement) result.Append(replacement, origin);
            else result.Append(rune, origin);
            i += used;
        }

        return result;
    }
}
