namespace Hearth.Training;

/// <summary>Counts the items of a list, one of its items, or the items of a kind.</summary>
internal sealed class CountTask : ICurriculumTask
{
    private static readonly string[] All =
    [
        "How many words are in this list: {list}?", "Count the words: {list}", "How many items are here: {list}?", "Count these: {list}", "How long is this list: {list}?",
        "Give the number of items: {list}",
    ];

    private static readonly string[] One =
    [
        "How many times does {x} appear: {list}?", "Count the word {x} in this list: {list}", "How often do you see {x} here: {list}?", "How many times is {x} in the list: {list}?",
    ];

    private static readonly string[] OfKind =
        ["How many {x} are in this list: {list}?", "Count the {x}: {list}", "How many of these are {x}: {list}?", "Look at this list: {list}. How many {x} does it have?"];

    private static readonly (string Name, IReadOnlyList<string> Words)[] Kinds = [("fruits", Words.Fruits), ("animals", Words.Animals), ("colors", Words.Colors), ("tools", Words.Tools)];

    public string Name => "count";

    public int Weight => 40;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split) => random.Below(3) switch
    {
        0 => CountAll(ref random),
        1 => CountOne(ref random),
        _ => CountKind(ref random),
    };

    private ChatExample CountAll(ref RowRandom random)
    {
        var items = random.Sample(Words.ListWords, random.Between(2, 8));
        return Row(random.Pick(All), "", items, items.Length);
    }

    private ChatExample CountOne(ref RowRandom random)
    {
        var few = random.Sample(Words.ListWords, 3);
        var items = new string[random.Between(4, 7)];
        for (var i = 0; i < items.Length; i++) items[i] = few[random.Below(3)];
        return Row(random.Pick(One), few[0], items, items.Count(i => i == few[0]));
    }

    private ChatExample CountKind(ref RowRandom random)
    {
        var kind = random.Pick(Kinds);
        var items = new List<string>();
        for (var i = random.Between(3, 6); i > 0; i--) items.Add(random.Pick(random.Chance(50) ? kind.Words : Words.ListWords));
        return Row(random.Pick(OfKind), kind.Name, items, items.Count(kind.Words.Contains));
    }

    private ChatExample Row(string template, string word, IReadOnlyList<string> items, int answer)
    {
        var list = string.Join(", ", items);
        return new(Name, Words.Fill(template, ("list", list), ("x", word)), Lists.Digits(answer), $"count:{word}:{list}");
    }
}
