namespace Hearth.Training;

/// <summary>Word problems whose steps are asked for: a numbered list of calculations, then the answer.</summary>
internal sealed class StepsTask : ICurriculumTask
{
    private static readonly string[] Frames =
    [
        "{p} Show the steps.", "{p} Write all steps.", "{p} Explain step by step.", "Solve in steps: {p}", "Show how to solve this: {p}", "{p} Show your steps as a list.",
        "Step by step, please: {p}", "{p} How do you get there?",
    ];

    public string Name => "steps";

    public int Weight => 95;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var problem = WordProblems.Draw(ref random, split, random.Between(1, 2));
        return new(Name, Words.Fill(random.Pick(Frames), ("p", problem.Text)), $"{problem.Lines}\nAnswer: {problem.Answer}", problem.Key, AnswerRule.LastNumber);
    }
}
