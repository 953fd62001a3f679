namespace Hearth.Training;

/// <summary>Sums in digits: <c>What is 12 + 7?</c> gives <c>19</c>.</summary>
internal sealed class ArithmeticTask : ICurriculumTask
{
    private static readonly string[] Plain =
    [
        "What is {e}?", "Compute {e}.", "Calculate {e}.", "{e} = ?", "{e}", "How much is {e}?", "Find {e}.", "Solve {e}.", "Please work out {e}.",
        "Tell me {e}.", "What does {e} give?", "What do you get for {e}?", "Evaluate {e}.", "I need {e}.", "What is the value of {e}?",
    ];

    private static readonly string[] Equation =
        ["Complete the equation: {e} =", "Write the full equation: {e}", "Finish this line: {e} =", "Write {e} with its answer.", "Give {e} as an equation."];

    private static readonly string[] Plus =
        ["What is {a} plus {b}?", "Add {a} and {b}.", "What is the sum of {a} and {b}?", "Add {b} to {a}.", "How much are {a} and {b} together?", "Increase {a} by {b}."];

    private static readonly string[] Minus =
        ["What is {a} minus {b}?", "Subtract {b} from {a}.", "What is the difference between {a} and {b}?", "Take {b} away from {a}.", "Decrease {a} by {b}.", "How much is {a} less {b}?"];

    private static readonly string[] Times =
        ["What is {a} times {b}?", "Multiply {a} by {b}.", "What is the product of {a} and {b}?", "How much is {a} * {b}?", "What are {a} groups of {b}?"];

    private static readonly string[] Divide =
        ["What is {a} divided by {b}?", "Divide {a} by {b}.", "How often does {b} fit into {a}?", "How much is {a} : {b}?", "Split {a} into {b} equal parts. How big is one part?"];

    public string Name => "arithmetic";

    public int Weight => 120;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        if (random.Chance(8)) return Chain(ref random);
        var sum = Sum.Draw(ref random, split);
        var kind = random.Below(10);
        var template = kind < 4 ? random.Pick(Plain) : kind < 7 ? random.Pick(Equation) : random.Pick(InWords(sum.Op));
        var question = Words.Fill(template, ("e", sum.Text), ("a", sum.A), ("b", sum.B));
        return new(Name, question, kind is >= 4 and < 7 ? sum.Equation : Lists.Digits(sum.Result), sum.Key);
    }

    private ChatExample Chain(ref RowRandom random)
    {
        var first = random.Chance(60) ? Sum.Plus(ref random, 40) : Sum.Times(ref random);
        var second = random.Chance(50) && first.Result > 4
            ? new Sum(first.Result, '-', random.Between(2, Math.Min(9, first.Result - 1)))
            : new Sum(first.Result, '+', random.Between(2, 9));
        var text = $"{first.Text} {second.Op} {second.B}";
        return new(Name, Words.Fill(random.Pick(Plain), ("e", text)), Lists.Digits(second.Result), text);
    }

    private static string[] InWords(char op) => op switch { '+' => Plus, '-' => Minus, 'x' => Times, _ => Divide };
}
