using System.Globalization;
using System.Text.RegularExpressions;

namespace Hearth.Evaluation;

/// <summary>Compares plain answers with expected ones.</summary>
public static partial class AnswerGrader
{
    /// <summary>True when both texts are equal after trimming white space at the ends.</summary>
    public static bool IsExact(string answer, string expected) => answer.AsSpan().Trim().SequenceEqual(expected.AsSpan().Trim());

    /// <summary>True when the last number in the answer equals the last number in the expected text. An answer without a number is wrong.</summary>
    public static bool LastNumberIs(string answer, string expected) =>
        LastNumber(answer) is { } got && LastNumber(expected) is { } wanted && got == wanted;

    /// <summary>The last number in a text, or null where there is none or it is too large. <c>1,250</c> is 1250; a minus belongs to the number only when it touches it and nothing before it: <c>5-3</c> ends in 3, <c>= -3</c> in -3.</summary>
    public static decimal? LastNumber(string text)
    {
        var matches = Number().Matches(text);
        if (matches.Count == 0) return null;
        var digits = matches[^1].Value.Replace(",", "", StringComparison.Ordinal);
        return decimal.TryParse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    [GeneratedRegex(@"(?<![\w.])-?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
