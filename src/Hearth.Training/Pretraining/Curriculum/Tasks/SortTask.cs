namespace Hearth.Training;

/// <summary>Sorts numbers by size, or words by the alphabet.</summary>
internal sealed class SortTask : ICurriculumTask
{
    private static readonly string[] Ascending =
    [
        "Sort these numbers:{list}", "Sort from small to large:{list}", "Put these in order, smallest first:{list}", "Order these numbers:{list}",
        "Arrange from the smallest to the largest:{list}", "Sort in ascending order:{list}",
    ];

    private static readonly string[] Descending =
        ["Sort from large to small:{list}", "Put these in order, largest first:{list}", "Arrange from the largest to the smallest:{list}", "Sort in descending order:{list}"];

    private static readonly string[] Alphabet =
    [
        "Sort these words:{list}", "Sort by the alphabet:{list}", "Put these in alphabetical order:{list}", "Order these words from A to Z:{list}", "Arrange alphabetically:{list}",
    ];

    public string Name => "sort";

    public int Weight => 75;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var separator = Lists.Separator(ref random);
        var count = random.Between(3, 4);
        if (random.Chance(40))
        {
            var words = random.Sample(Words.ListWords, count);
            return Row(random.Pick(Alphabet), words, words.Order(StringComparer.Ordinal), separator);
        }
        var numbers = Lists.Numbers(ref random, count, 99);
        var text = numbers.Select(Lists.Digits).ToArray();
        return random.Chance(65)
            ? Row(random.Pick(Ascending), text, numbers.Order().Select(Lists.Digits), separator)
            : Row(random.Pick(Descending), text, numbers.OrderDescending().Select(Lists.Digits), separator);
    }

    private ChatExample Row(string template, string[] items, IEnumerable<string> sorted, string separator)
    {
        var question = Words.Fill(template, ("list", Lists.AfterColon(string.Join(separator, items), separator)));
        return new(Name, question, string.Join(separator, sorted), "sort:" + string.Join(',', items));
    }
}
