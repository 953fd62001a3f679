namespace Hearth.Training;

/// <summary>Repeats a short list or sentence.</summary>
internal sealed class CopyTask : ICurriculumTask
{
    private static readonly string[] Templates =
    [
        "Copy:{list}", "Repeat this:{list}", "Repeat after me:{list}", "Write this again:{list}", "Copy these without change:{list}", "Say this back to me:{list}",
        "Echo:{list}", "Type the same again:{list}", "Please repeat:{list}", "Give this back as it is:{list}", "Repeat exactly:{list}",
    ];

    public string Name => "copy";

    public int Weight => 65;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var separator = Lists.Separator(ref random);
        var text = random.Chance(25) ? Sentence(ref random) : string.Join(separator, Lists.Draw(ref random, 3, 5));
        var question = Words.Fill(random.Pick(Templates), ("list", Lists.AfterColon(text, text.Contains('\n') ? "\n" : separator == "\n" ? " " : separator)));
        return new(Name, question, text, "copy:" + text);
    }

    private static string Sentence(ref RowRandom random) =>
        $"{Words.AnyName(ref random)} {random.Pick(Words.Verbs)} the {random.Pick(Words.Adjectives)} {random.Pick(Words.Nouns)} and the {random.Pick(Words.Colors)} {random.Pick(Words.Tools)}.";
}
