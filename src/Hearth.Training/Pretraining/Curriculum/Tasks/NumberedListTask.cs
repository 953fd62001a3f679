namespace Hearth.Training;

/// <summary>Numbered lists: makes them, reads them, extends them, and solves several sums in one.</summary>
internal sealed class NumberedListTask : ICurriculumTask
{
    private static readonly string[] Make =
        ["Write these as a numbered list: {list}", "Make a numbered list: {list}", "Number these: {list}", "Turn this into a numbered list: {list}", "One line each, with numbers: {list}"];

    private static readonly string[] Flatten =
        ["Write this list on one line:\n{list}", "Remove the numbers and use commas:\n{list}", "Turn this into words with commas:\n{list}", "Join these with commas:\n{list}"];

    private static readonly string[] Item =
        ["What is number {n} in this list?\n{list}", "{list}\nWhich word has number {n}?", "Give me item {n}:\n{list}", "Read line {n} of this list:\n{list}"];

    private static readonly string[] Add = ["Add {x} to the end of this list:\n{list}", "Put {x} at the end:\n{list}", "{list}\nThe next item is {x}. Write the whole list."];

    private static readonly string[] Solve =
        ["Solve each line:\n{list}", "Work these out:\n{list}", "Complete all lines:\n{list}", "Compute these sums:\n{list}", "Write the answers:\n{list}"];

    public string Name => "numbered-list";

    public int Weight => 75;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var kind = random.Below(10);
        if (kind < 5) return Sums(ref random, split);

        var items = random.Sample(Words.ListWords, random.Between(2, 5));
        var (flat, list, key) = (string.Join(", ", items), Lists.Numbered(items), "list:" + string.Join(',', items));
        switch (kind)
        {
            case < 7: return new(Name, Words.Fill(random.Pick(Make), ("list", flat)), list, key);
            case 7: return new(Name, Words.Fill(random.Pick(Flatten), ("list", list)), flat, key);
            case 8:
                var n = random.Between(1, items.Length);
                return new(Name, Words.Fill(random.Pick(Item), ("list", list), ("n", n)), items[n - 1], key);
            default:
                var question = Words.Fill(random.Pick(Add), ("list", Lists.Numbered(items[..^1])), ("x", items[^1]));
                return new(Name, question, list, key);
        }
    }

    private ChatExample Sums(ref RowRandom random, ProblemSplit split)
    {
        var sums = new Sum[random.Between(2, 4)];
        for (var i = 0; i < sums.Length; i++) sums[i] = Sum.Draw(ref random, split);
        var question = Words.Fill(random.Pick(Solve), ("list", Lists.Numbered(sums.Select(s => s.Text))));
        return new(Name, [ChatTurn.User(question), ChatTurn.Assistant(Lists.Numbered(sums.Select(s => s.Equation)))], [.. sums.SelectMany(s => s.Keys).Distinct()]);
    }
}
