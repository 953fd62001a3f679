using System.Globalization;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>BERT's clean-up: control characters out, blanks to spaces, CJK set apart, accents and case dropped.</summary>
internal sealed class BertNormalizer : INormalizer
{
    private readonly List<INormalizer> _steps = [];

    /// <param name="cleanText">Drop control characters and write every blank as a space.</param>
    /// <param name="separateChinese">Put spaces around CJK ideographs.</param>
    /// <param name="stripAccents">Null means: as <paramref name="lowercase"/> says.</param>
    /// <param name="lowercase">Fold case.</param>
    public BertNormalizer(bool cleanText, bool separateChinese, bool? stripAccents, bool lowercase)
    {
        if (cleanText) _steps.Add(new RuneMapNormalizer(Clean));
        if (separateChinese) _steps.Add(new RuneMapNormalizer(rune => IsChinese(rune.Value) ? $" {rune} " : null));
        if (stripAccents ?? lowercase)
        {
            _steps.Add(new UnicodeNormalizer(UnicodeForm.Nfd));
            _steps.Add(new RuneMapNormalizer(rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark ? "" : null));
        }

        if (lowercase) _steps.Add(RuneMapNormalizer.Lowercase);
    }

    public TextBuffer Normalize(TextBuffer text) => _steps.Aggregate(text, (current, step) => step.Normalize(current));

    private static string? Clean(Rune rune)
    {
        if (Rune.IsWhiteSpace(rune) && (rune.Value is 9 or 10 or 13 || !RuneClasses.IsOther(rune))) return " ";
        return rune.Value is 0 or 0xFFFD || RuneClasses.IsOther(rune) ? "" : null;
    }

    // The blocks google-research/bert, tokenization.py, _is_chinese_char names; the reference's bounds.
    private static bool IsChinese(int value) => value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B920 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);
}
