using System.Text.RegularExpressions;

namespace Hearth.Evaluation;

/// <summary>An answer with its reasoning: <c>[WORK]…[/WORK]</c>, then <c>[RESULT]…[/RESULT]</c>.</summary>
/// <param name="Work">The text between the first pair of tags, trimmed.</param>
/// <param name="Result">The text between the second pair, trimmed.</param>
public sealed partial record WorkedAnswer(string Work, string Result)
{
    /// <summary>Reads an answer. White space between and around the sections is free; anything else outside them, a missing, repeated or empty section makes it null.</summary>
    public static WorkedAnswer? Parse(string text)
    {
        var match = Sections().Match(text);
        if (!match.Success) return null;
        var (work, result) = (match.Groups[1].Value.Trim(), match.Groups[2].Value.Trim());
        return work.Length == 0 || result.Length == 0 || Tag().IsMatch(work) || Tag().IsMatch(result) ? null : new(work, result);
    }

    /// <summary>The answer as text, in the layout that the demo teaches.</summary>
    public override string ToString() => $"[WORK]\n{Work}\n[/WORK]\n\n[RESULT]\n{Result}\n[/RESULT]";

    [GeneratedRegex(@"\A\s*\[WORK\](.*?)\[/WORK\]\s*\[RESULT\](.*?)\[/RESULT\]\s*\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Sections();

    [GeneratedRegex(@"\[/?(?:WORK|RESULT)\]", RegexOptions.CultureInvariant)]
    private static partial Regex Tag();
}
