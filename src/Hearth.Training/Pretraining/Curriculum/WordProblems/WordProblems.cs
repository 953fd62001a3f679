namespace Hearth.Training;

/// <summary>Draws word problems of all families.</summary>
internal static class WordProblems
{
    /// <summary>A problem of the split with one calculation, or with two.</summary>
    public static WordProblem Draw(ref RowRandom random, ProblemSplit split, int steps, Phrasing phrasing = Phrasing.Trained, int most = 99) =>
        split.Draw(ref random, (ref RowRandom r, ProblemSplit _) => UpTo(most, ref r, steps, phrasing), static p => p.Keys);

    private static WordProblem UpTo(int most, ref RowRandom random, int steps, Phrasing phrasing)
    {
        while (true)
        {
            var problem = steps == 1 ? One(ref random, phrasing) : Two(ref random, phrasing);
            if (problem.Steps.All(step => step.Sum.A <= most && step.Sum.B <= most && step.Sum.Result <= most)) return problem;
        }
    }

    private static WordProblem One(ref RowRandom random, Phrasing phrasing) => random.Below(10) switch
    {
        < 5 => ChangeProblems.One(ref random, phrasing),
        < 8 => CompareProblems.One(ref random, phrasing),
        _ => GroupProblems.One(ref random, phrasing),
    };

    private static WordProblem Two(ref RowRandom random, Phrasing phrasing) => random.Below(10) switch
    {
        < 5 => ChangeProblems.Two(ref random, phrasing),
        < 7 => CompareProblems.Two(ref random, phrasing),
        _ => GroupProblems.Two(ref random, phrasing),
    };
}
