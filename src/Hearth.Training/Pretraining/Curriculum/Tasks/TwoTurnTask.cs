namespace Hearth.Training;

/// <summary>A second question that needs the first: go on from a result, change a list, remember what was said.</summary>
internal sealed class TwoTurnTask : ICurriculumTask
{
    private static readonly string[] AskSum = ["What is {e}?", "Compute {e}.", "{e}", "How much is {e}?"];
    private static readonly string[] AddThen = ["Now add {b}.", "And {b} more?", "Add {b} to that.", "Plus {b}?"];
    private static readonly string[] TakeThen = ["Now take away {b}.", "And {b} less?", "Subtract {b} from that.", "Minus {b}?"];
    private static readonly string[] AskList = ["Repeat: {x}", "Copy: {x}", "Say this: {x}", "Write this list: {x}"];
    private static readonly string[] Reverse = ["Now reverse it.", "Now backwards.", "Turn the order around.", "And in reverse order?"];
    private static readonly string[] Upper = ["Now in capitals.", "And in upper case?", "Now with capital letters.", "Shout it."];
    private static readonly string[] Count = ["How many words is that?", "Count them.", "How many items does it have?"];
    private static readonly string[] First = ["Which one is the first?", "What is the first word?", "Give only the first."];
    private static readonly string[] Last = ["Which one is the last?", "What is the last word?", "Give only the last."];
    private static readonly string[] Number = ["Now as a numbered list.", "Number the lines.", "Make it a numbered list."];

    public string Name => "two-turn";

    public int Weight => 60;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split) => random.Below(10) switch
    {
        < 4 => GoOn(ref random),
        < 8 => ChangeList(ref random),
        _ => Remember(ref random),
    };

    private ChatExample GoOn(ref RowRandom random)
    {
        var first = random.Chance(50) ? Sum.Plus(ref random, 80) : Sum.Minus(ref random, 80);
        var second = first.Result > 12 && random.Chance(50) ? new Sum(first.Result, '-', random.Between(2, 9)) : new Sum(first.Result, '+', random.Between(2, 9));
        var then = Words.Fill(random.Pick(second.Op == '+' ? AddThen : TakeThen), ("b", second.B));
        return Row(Words.Fill(random.Pick(AskSum), ("e", first.Text)), Lists.Digits(first.Result), then, Lists.Digits(second.Result), $"then:{first.Text} {second.Op} {second.B}");
    }

    private ChatExample ChangeList(ref RowRandom random)
    {
        var items = random.Sample(Words.ListWords, random.Between(3, 4));
        var list = string.Join(", ", items);
        var (then, answer) = random.Below(6) switch
        {
            0 => (random.Pick(Reverse), string.Join(", ", items.Reverse())),
            1 => (random.Pick(Upper), list.ToUpperInvariant()),
            2 => (random.Pick(Count), Lists.Digits(items.Length)),
            3 => (random.Pick(First), items[0]),
            4 => (random.Pick(Last), items[^1]),
            _ => (random.Pick(Number), Lists.Numbered(items)),
        };
        return Row(Words.Fill(random.Pick(AskList), ("x", list)), list, then, answer, "then:" + list);
    }

    private ChatExample Remember(ref RowRandom random)
    {
        var (name, city, job) = (Words.AnyName(ref random), random.Pick(Words.Cities), random.Pick(Words.Jobs));
        var (then, answer) = random.Below(3) switch
        {
            0 => (random.Pick("What is my name?", "Who am I?", "Do you know my name?"), $"Your name is {name}."),
            1 => (random.Pick("Where do I live?", "In which city do I live?"), $"You live in {city}."),
            _ => (random.Pick("What is my job?", "What do I do for a living?"), $"You are a {job}."),
        };
        var said = random.Pick($"My name is {name}. I live in {city} and I am a {job}.", $"I am {name}, a {job} from {city}.", $"Hello, I am {name}. I am a {job} and live in {city}.");
        return Row(said, $"Hello {name}!", then, answer, $"remember:{name},{city},{job}");
    }

    private ChatExample Row(string first, string reply, string second, string answer, string key) =>
        new(Name, [ChatTurn.User(first), ChatTurn.Assistant(reply), ChatTurn.User(second), ChatTurn.Assistant(answer)], [key]);
}
