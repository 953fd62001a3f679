using Hearth.Evaluation;

namespace Hearth.Training;

/// <summary>
/// The text that the embedded model is pre-trained on: an endless stream of short chats, made from a seed.
/// Row <c>i</c> is a function of (seed, i), so a run can resume anywhere. Problems kept for evaluation (<see cref="ProblemSplits"/>) never occur in a row.
/// </summary>
public sealed class Curriculum(ulong seed = 1)
{
    private const ulong TrainingSet = 1;
    private const ulong HeldOutSet = 2;

    private static readonly ICurriculumTask[] Short =
    [
        new ArithmeticTask(), new NumberWordsTask(), new CopyTask(), new ReverseTask(), new SortTask(), new CountTask(), new CompareTask(), new JsonTask(), new DatesTask(),
        new UnitsTask(), new NumberedListTask(), new SectionsTask(), new CapitalsTask(), new WordProblemTask("word-problem-1", 1, 110), new WordProblemTask("word-problem-2", 2, 90),
        new StepsTask(), new TwoTurnTask(), new RefusalTask(), new SmallTalkTask(),
    ];

    private static readonly string[] Openings = ["Hello. ", "Hi! ", "Please help me. ", "I have a question. ", "Good morning. ", "Next question. ", "A small task for you. "];

    /// <summary>All tasks, in the order in which the mixture counts them.</summary>
    public static IReadOnlyList<ICurriculumTask> Tasks { get; } = [.. Short, new SystemMessageTask(), new LongChatTask(Short)];

    /// <summary>The names of all tasks.</summary>
    public static IReadOnlyList<string> TaskNames { get; } = [.. Tasks.Select(t => t.Name)];

    private static readonly int TotalWeight = Tasks.Sum(t => t.Weight);

    /// <summary>Training row <paramref name="index"/>.</summary>
    public ChatExample Row(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var random = new RowRandom(seed, TrainingSet, (ulong)index);
        var ticket = random.Below(TotalWeight);
        var task = 0;
        while (ticket >= Tasks[task].Weight) ticket -= Tasks[task++].Weight;
        return Draw(Tasks[task], ref random, ProblemSplit.Training);
    }

    /// <summary><paramref name="count"/> different rows of a task whose problems no training row asks.</summary>
    /// <exception cref="ArgumentException">The task does not exist, or has too few held-out problems.</exception>
    public IReadOnlyList<ChatExample> HeldOut(string taskName, int count)
    {
        var number = TaskNames.ToList().IndexOf(taskName);
        if (number < 0) throw new ArgumentException($"Curriculum has no task '{taskName}'; it has {string.Join(", ", TaskNames)}.", nameof(taskName));
        var rows = new List<ChatExample>();
        var seen = new HashSet<string>();
        for (var i = 0; rows.Count < count; i++)
        {
            if (i > 200 * count) throw new ArgumentException($"Task '{taskName}' has only {rows.Count} different held-out rows, {count} were asked for.", nameof(count));
            var random = new RowRandom(seed, HeldOutSet + (ulong)number, (ulong)i);
            var row = Draw(Tasks[number], ref random, ProblemSplit.HeldOut);
            if (seen.Add(string.Join('|', row.ProblemKeys))) rows.Add(row);
        }
        return rows;
    }

    /// <summary>Whether an answer to a row is right.</summary>
    public static bool IsCorrect(ChatExample row, string answer) =>
        row.Rule == AnswerRule.LastNumber ? AnswerGrader.LastNumberIs(answer, row.Answer) : AnswerGrader.IsExact(answer, row.Answer);

    private static ChatExample Draw(ICurriculumTask task, ref RowRandom random, ProblemSplit split)
    {
        var row = split.Draw(ref random, task.Generate, static e => e.ProblemKeys);
        return row.Turns[0].Role == "user" && random.Chance(8) ? row with { Turns = [Open(row.Turns[0], ref random), .. row.Turns.Skip(1)] } : row;
    }

    private static ChatTurn Open(ChatTurn turn, ref RowRandom random) => turn with { Content = random.Pick(Openings) + turn.Content };
}
