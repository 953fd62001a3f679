namespace Hearth.Training;

/// <summary>Word problems with one or two calculations, answered with the number alone.</summary>
internal sealed class WordProblemTask(string name, int steps, int weight) : ICurriculumTask
{
    private static readonly string[] Frames = ["{p}", "{p}", "{p}", "{p}", "{p}", "Solve this: {p}", "Here is a problem. {p}", "Read and answer: {p}", "{p} Give the number."];

    public string Name => name;

    public int Weight => weight;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var problem = WordProblems.Draw(ref random, split, steps);
        return new(Name, Words.Fill(random.Pick(Frames), ("p", problem.Text)), Lists.Digits(problem.Answer), problem.Key, AnswerRule.LastNumber);
    }
}
