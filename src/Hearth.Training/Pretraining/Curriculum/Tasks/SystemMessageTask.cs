namespace Hearth.Training;

/// <summary>A system message says how to answer, and the answer obeys it.</summary>
internal sealed class SystemMessageTask : ICurriculumTask
{
    private static readonly (string[] Systems, Func<Sum, string> Answer)[] ForSums =
    [
        (["Answer with only the number.", "Give the number and nothing else.", "You reply with just a number."], s => Lists.Digits(s.Result)),
        (["You are a helpful assistant.", "You are a small and friendly model.", "Be brief.", "You help with sums."], s => Lists.Digits(s.Result)),
        (["Answer with a full equation.", "Always write the whole equation.", "You reply with equations."], s => s.Equation),
        (["Answer in a full sentence.", "Always use a whole sentence.", "You reply in sentences."], s => $"The answer is {s.Result}."),
        (["Answer in words.", "Write all numbers as words.", "You do not use digits."], s => s.Result < 200 ? Words.Number(s.Result) : Lists.Digits(s.Result)),
        (["Start every answer with Sure:", "Begin each reply with the word Sure and a colon.", "Always say Sure: first."], s => $"Sure: {s.Result}"),
        (["End every answer with Done.", "Close each reply with the word Done.", "Always say Done. at the end."], s => $"{s.Result} Done."),
    ];

    private static readonly string[] Upper = ["Answer in capitals.", "Write everything in capital letters.", "You always shout in upper case.", "Use only upper case."];
    private static readonly string[] Neutral = ["You are a helpful assistant.", "Be brief.", "You are a small and friendly model.", "Answer the user."];
    private static readonly string[] Tagged = ["Put every answer in [{s}] tags.", "Write your answer between [{s}] and [/{s}].", "Use [{s}] for your answer."];
    private static readonly string[] Numbered = ["Write every list with numbers.", "Answer with a numbered list.", "You always number your lines."];
    private static readonly string[] AskSum = ["What is {e}?", "Compute {e}.", "{e}", "How much is {e}?", "Calculate {e}."];
    private static readonly string[] AskCopy = ["Repeat: {x}", "Copy: {x}", "Say this: {x}", "Write: {x}"];

    public string Name => "system-message";

    public int Weight => 65;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        if (random.Chance(60)) return ForSum(ref random, split);
        var items = random.Sample(Words.ListWords, random.Between(2, 5));
        var list = string.Join(", ", items);
        var ask = Words.Fill(random.Pick(AskCopy), ("x", list));
        var tag = SectionsTask.Tag(ref random);
        return random.Below(5) switch
        {
            0 or 1 => Row(random.Pick(Upper), ask, list.ToUpperInvariant(), "system:" + list),
            2 => Row(random.Pick(Numbered), ask, Lists.Numbered(items), "system:" + list),
            3 => Row(random.Pick(Neutral), ask, list, "system:" + list),
            _ => Row(Words.Fill(random.Pick(Tagged), ("s", tag)), ask, SectionsTask.Section(tag, list), "system:" + list),
        };
    }

    private ChatExample ForSum(ref RowRandom random, ProblemSplit split)
    {
        var sum = Sum.DrawPlusMinus(ref random, split);
        var (systems, answer) = random.Pick(ForSums);
        return Row(random.Pick(systems), Words.Fill(random.Pick(AskSum), ("e", sum.Text)), answer(sum), sum.Key);
    }

    private ChatExample Row(string system, string user, string answer, string key) =>
        new(Name, [ChatTurn.System(system), ChatTurn.User(user), ChatTurn.Assistant(answer)], key.Length == 0 ? [] : [key]);
}
