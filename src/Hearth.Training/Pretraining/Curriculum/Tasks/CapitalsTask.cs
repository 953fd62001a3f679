namespace Hearth.Training;

/// <summary>Upper case, lower case, and capital first letters.</summary>
internal sealed class CapitalsTask : ICurriculumTask
{
    private static readonly string[] Upper =
        ["Write in capitals: {x}", "Write this in upper case: {x}", "Turn into capital letters: {x}", "Make all letters big: {x}", "Shout this: {x}", "{x} in capitals, please."];

    private static readonly string[] Lower = ["Write in small letters: {x}", "Write this in lower case: {x}", "Remove the capitals: {x}", "Make all letters small: {x}"];

    private static readonly string[] First = ["Start each word with a capital: {x}", "Capitalize each word: {x}", "Write this as a title: {x}", "Give each word a big first letter: {x}"];

    public string Name => "capitals";

    public int Weight => 40;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var text = Phrase(ref random);
        var upper = text.ToUpperInvariant();
        var (templates, shown, answer) = random.Below(10) switch
        {
            < 5 => (Upper, text, upper),
            < 8 => (Lower, upper, text),
            _ => (First, text, string.Join(' ', text.Split(' ').Select(Words.Capitalize))),
        };
        return new(Name, Words.Fill(random.Pick(templates), ("x", shown)), answer, "capitals:" + text);
    }

    internal static string Phrase(ref RowRandom random) => random.Below(3) switch
    {
        0 => string.Join(' ', random.Sample(Words.Nouns, random.Between(2, 4))),
        1 => $"the {random.Pick(Words.Adjectives)} {random.Pick(Words.Animals)} {random.Pick(Words.Verbs)} the {random.Pick(Words.Places)}",
        _ => $"{random.Pick(Words.Adjectives)} {random.Pick(Words.Colors)} {random.Pick(Words.Tools)}",
    };
}
