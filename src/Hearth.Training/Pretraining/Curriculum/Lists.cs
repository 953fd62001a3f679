namespace Hearth.Training;

/// <summary>Short lists of words or numbers, as they stand in questions and answers.</summary>
internal static class Lists
{
    private static readonly string[] Separators = [", ", ", ", ", ", " ", "; ", "\n"];

    /// <summary>Different words, or different numbers below 100.</summary>
    public static string[] Draw(ref RowRandom random, int fewest, int most)
    {
        var count = random.Between(fewest, most);
        return random.Chance(65) ? random.Sample(Words.ListWords, count) : Numbers(ref random, count, 99).Select(Digits).ToArray();
    }

    public static int[] Numbers(ref RowRandom random, int count, int most)
    {
        var numbers = new List<int>();
        while (numbers.Count < count)
        {
            var next = random.Between(1, most);
            if (!numbers.Contains(next)) numbers.Add(next);
        }
        return [.. numbers];
    }

    /// <summary>What stands between the items: mostly a comma.</summary>
    public static string Separator(ref RowRandom random) => random.Pick(Separators);

    /// <summary>The items as <c>1. …</c> lines.</summary>
    public static string Numbered(IEnumerable<string> items) => string.Join('\n', items.Select((item, i) => $"{Digits(i + 1)}. {item}"));

    /// <summary>Where a list stands behind a colon: on the same line, or on its own lines.</summary>
    public static string AfterColon(string list, string separator) => separator == "\n" ? "\n" + list : " " + list;

    public static string Digits(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
