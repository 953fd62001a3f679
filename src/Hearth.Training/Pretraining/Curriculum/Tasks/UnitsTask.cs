namespace Hearth.Training;

/// <summary>Converts lengths, weights, times and money between two units.</summary>
internal sealed class UnitsTask : ICurriculumTask
{
    private static readonly (string Big, string Small, int Factor, int MostBig)[] Units =
        [("m", "cm", 100, 20), ("km", "m", 1000, 20), ("kg", "g", 1000, 20), ("cm", "mm", 10, 99), ("dollars", "cents", 100, 30), ("hours", "minutes", 60, 5)];

    private static readonly string[] Convert =
        ["How many {to} are {from}?", "Convert {from} to {to}.", "Write {from} in {to}.", "What is {from} in {to}?", "Express {from} in {to}.", "Change {from} into {to}."];

    public string Name => "units";

    public int Weight => 45;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var (big, small, factor, most) = random.Pick(Units);
        var whole = random.Between(2, most);
        // Whole numbers are facts: there are too few to hold some back.
        if (random.Chance(25)) return Row(random.Pick(Convert), $"{whole} {big}", small, $"{whole * factor} {small}", "");
        if (random.Chance(15)) return Row(random.Pick(Convert), $"{whole * factor} {small}", big, $"{whole} {big}", "");

        var rest = random.Between(Math.Max(2, factor / 100), Math.Min(factor, 100) - 1) * (factor == 1000 ? 10 : 1);
        var mixed = $"{whole} {big} {rest} {small}";
        var flat = $"{whole * factor + rest} {small}";
        return factor == 60 || random.Chance(60)
            ? Row(random.Pick(Convert), mixed, small, flat, "units:" + mixed)
            : Row(random.Pick(Convert), flat, $"{big} and {small}", mixed, "units:" + mixed);
    }

    private ChatExample Row(string template, string from, string to, string answer, string key) =>
        new(Name, Words.Fill(template, ("from", from), ("to", to)), answer, key);
}
