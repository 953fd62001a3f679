namespace Hearth.Evaluation;

/// <summary>Means over graded rows, each from 0 to 1.</summary>
/// <param name="Rows">How many rows were graded.</param>
/// <param name="Format">Share of answers in the right form.</param>
/// <param name="Answer">Share of answers with the right number.</param>
/// <param name="Exact">Share of answers with both.</param>
public sealed record WorkedAnswerSummary(int Rows, double Format, double Answer, double Exact)
{
    /// <summary>The means of some scores.</summary>
    /// <exception cref="ArgumentException">There is no score.</exception>
    public static WorkedAnswerSummary Of(IReadOnlyCollection<WorkedAnswerScore> scores)
    {
        if (scores.Count == 0) throw new ArgumentException("A mean needs at least one graded row.", nameof(scores));
        return new(scores.Count, Share(scores, s => s.Format), Share(scores, s => s.Answer), Share(scores, s => s.Exact));
    }

    private static double Share(IReadOnlyCollection<WorkedAnswerScore> scores, Func<WorkedAnswerScore, bool> holds) => scores.Count(holds) / (double)scores.Count;
}

/// <summary>How many rows of one task were answered rightly.</summary>
public sealed record TaskAccuracy(string Task, int Rows, int Right)
{
    /// <summary>From 0 to 1; 0 when there was no row.</summary>
    public double Accuracy => Rows == 0 ? 0 : Right / (double)Rows;
}
