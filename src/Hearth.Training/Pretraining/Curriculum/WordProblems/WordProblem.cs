namespace Hearth.Training;

/// <summary>One line of a worked answer: <c>Remaining eggs: 16 - 3 = 13</c>.</summary>
internal sealed record WorkedStep(string Label, Sum Sum)
{
    public override string ToString() => $"{Label}: {Sum.Equation}";
}

/// <summary>A word problem: the text, and how it is solved.</summary>
/// <param name="Text">The question as a user asks it.</param>
/// <param name="Start">What is given at the beginning, for the first line of a worked answer: <c>16 eggs</c>.</param>
/// <param name="Steps">One or two calculations; the last result is the answer.</param>
/// <param name="IsFact">True when it asks for no more than a table of multiplication: never held out.</param>
internal sealed record WordProblem(string Text, string Start, IReadOnlyList<WorkedStep> Steps, bool IsFact = false)
{
    public int Answer => Steps[^1].Sum.Result;

    /// <summary>The calculations without names, things and wording: two problems with equal keys are the same problem told twice.</summary>
    public string Key => IsFact ? "" : "word:" + string.Join(';', Steps.Select(s => Normal(s.Sum)));

    public IReadOnlyList<string> Keys => IsFact ? [] : [Key];

    /// <summary>The numbered lines of the worked answer.</summary>
    public string Lines => Lists.Numbered([$"Start: {Start}", .. Steps.Select(s => s.ToString())]);

    private static string Normal(Sum sum) => sum.Op is '+' or 'x' && sum.A > sum.B ? new Sum(sum.B, sum.Op, sum.A).Text : sum.Text;
}
