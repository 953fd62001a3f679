using System.Text;
using Hearth.Evaluation;

namespace Hearth.Training;

/// <summary>
/// The data of the demo: word problems with worked answers (<see cref="WorkedAnswer"/>), which the embedded model has never seen in this form.
/// No two rows share a problem, and the problems of the held-out rows occur neither here nor in the curriculum.
/// </summary>
public sealed class DemoDataset
{
    private const ulong TrainingSet = 101;
    private const ulong HeldOutSet = 102;
    private const ulong NewPhrasingsSet = 103;
    private const ulong NewWordsSet = 104;

    /// <summary>Makes the sets.</summary>
    public DemoDataset(ulong seed = 1, int trainingRows = 1_000, int heldOutRows = 100)
    {
        var used = new HashSet<string>();
        Training = Make(seed, TrainingSet, trainingRows, ProblemSplit.Training, Phrasing.Tuning, used);
        HeldOut = Make(seed, HeldOutSet, heldOutRows, ProblemSplit.HeldOut, Phrasing.Tuning, used);
        NewPhrasings = Make(seed, NewPhrasingsSet, heldOutRows, ProblemSplit.HeldOut, Phrasing.Reserved, used);
        NewWords = Make(seed, NewWordsSet, heldOutRows, ProblemSplit.HeldOut, Phrasing.Unseen, used);
    }

    /// <summary>Rows to fine-tune on.</summary>
    public IReadOnlyList<ChatExample> Training { get; }

    /// <summary>Other problems in the same wordings.</summary>
    public IReadOnlyList<ChatExample> HeldOut { get; }

    /// <summary>Other problems in wordings that no fine-tuning row has; the base model has read them with plain answers, never with worked ones of this form.</summary>
    public IReadOnlyList<ChatExample> NewPhrasings { get; }

    /// <summary>Other problems in wordings, and with names and things, that no word problem of the curriculum or the training rows has: harder than a model of this size can do.</summary>
    public IReadOnlyList<ChatExample> NewWords { get; }

    /// <summary>Rows as JSON Lines, the upload format of datasets.</summary>
    public static string ToJsonLines(IEnumerable<ChatExample> rows) => rows.Aggregate(new StringBuilder(), (text, row) => text.Append(row.ToJson()).Append('\n')).ToString();

    private static ChatExample[] Make(ulong seed, ulong set, int count, ProblemSplit split, Phrasing phrasing, HashSet<string> used)
    {
        var rows = new List<ChatExample>(count);
        for (var i = 0; rows.Count < count; i++)
        {
            if (i > 100 * count) throw new ArgumentException($"There are fewer than {count} different problems for the demo's set {set}; ask for fewer rows.", nameof(count));
            var random = new RowRandom(seed, set, (ulong)i);
            var problem = WordProblems.Draw(ref random, split, steps: 1 + i % 2, phrasing);
            if (!problem.IsFact && used.Add(problem.Key)) rows.Add(Row(problem));
        }
        return [.. rows];
    }

    private static ChatExample Row(WordProblem problem) =>
        new("demo", problem.Text, new WorkedAnswer(problem.Lines, Lists.Digits(problem.Answer)).ToString(), problem.Key, AnswerRule.LastNumber);
}
