namespace Hearth.Training;

/// <summary>Numbers and sums in words: <c>thirty plus twelve</c> gives <c>forty-two</c>.</summary>
internal sealed class NumberWordsTask : ICurriculumTask
{
    private static readonly string[] Plus =
        ["What is {a} plus {b}?", "Add {a} and {b}.", "How much is {a} plus {b}?", "What is the sum of {a} and {b}?", "{A} plus {b} is what?"];

    private static readonly string[] Minus =
        ["What is {a} minus {b}?", "Subtract {b} from {a}.", "How much is {a} minus {b}?", "Take {b} away from {a}.", "{A} minus {b} is what?"];

    private static readonly string[] ToWords =
        ["Write {n} in words.", "Spell out {n}.", "How do you write {n} in words?", "Say {n} in words.", "Turn {n} into words."];

    private static readonly string[] ToDigits =
        ["Write {n} in digits.", "Write {n} as a number.", "How do you write {n} in digits?", "Turn {n} into digits.", "Which number is {n}?"];

    public string Name => "number-words";

    public int Weight => 60;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split) => random.Below(10) switch
    {
        < 6 => Arithmetic(Sum.DrawPlusMinus(ref random, split), ref random),
        < 8 => Convert(ref random, ToWords, Lists.Digits, Words.Number),
        _ => Convert(ref random, ToDigits, Words.Number, Lists.Digits),
    };

    private ChatExample Arithmetic(Sum sum, ref RowRandom random)
    {
        var (a, b) = (Words.Number(sum.A), Words.Number(sum.B));
        var template = random.Pick(sum.Op == '+' ? Plus : Minus);
        return new(Name, Words.Fill(template, ("a", a), ("b", b), ("A", Words.Capitalize(a))), Words.Number(sum.Result), sum.Key);
    }

    private ChatExample Convert(ref RowRandom random, string[] templates, Func<int, string> from, Func<int, string> to)
    {
        var numbers = Lists.Numbers(ref random, random.Between(1, 3), 120);
        var question = Words.Fill(random.Pick(templates), ("n", string.Join(", ", numbers.Select(from))));
        if (numbers.Length > 1) question = question.Replace("as a number", "as numbers", StringComparison.Ordinal).Replace("Which number is", "Which numbers are", StringComparison.Ordinal);
        // A single number is a fact: there are too few to hold some back.
        var key = numbers.Length == 1 ? "" : "words:" + string.Join(',', numbers);
        return new(Name, question, string.Join(", ", numbers.Select(to)), key);
    }
}
