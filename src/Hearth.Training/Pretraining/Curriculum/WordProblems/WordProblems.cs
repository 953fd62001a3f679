namespace Hearth.Training;

/// <summary>Draws word problems of all families.</summary>
internal static class WordProblems
{
    /// <summary>A problem of the split with one calculation, or with two.</summary>
    public static WordProblem Draw(ref RowRandom random, ProblemSplit split, int steps, Phrasing phrasing = Phrasing.Trained) =>
        split.Draw(ref random, (ref RowRandom r, ProblemSplit _) => steps == 1 ? One(ref r, phrasing) : Two(ref r, phrasing), static p => p.Keys);

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
