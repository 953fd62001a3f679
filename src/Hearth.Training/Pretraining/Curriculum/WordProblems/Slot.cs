namespace Hearth.Training;

/// <summary>Which wordings a word problem may use.</summary>
public enum Phrasing
{
    /// <summary>Every wording that the curriculum has.</summary>
    Trained,
    /// <summary>Three quarters of those: what the demo fine-tunes on.</summary>
    Tuning,
    /// <summary>The other quarter: no fine-tuning row has it. The base model has read it, with other answers.</summary>
    Reserved,
    /// <summary>Wordings, names and things that occur in no word problem of any training row, the curriculum's included.</summary>
    Unseen,
}

/// <summary>One place of a word problem's text, with its wordings of both kinds. Placeholders: {N} the person, {he} {He} {him} {his} pronouns, {F} a friend, {o} things, {box} containers, {a} {b} {c} numbers.</summary>
internal sealed record Slot(string[] Trained, string[] Unseen)
{
    private readonly string[] _tuning = [.. Trained.Where((_, i) => !IsReserved(i, Trained.Length))];
    private readonly string[] _reserved = [.. Trained.Where((_, i) => IsReserved(i, Trained.Length))];

    public string Pick(ref RowRandom random, Phrasing phrasing) => random.Pick(Wordings(phrasing));

    public string[] Wordings(Phrasing phrasing) => phrasing switch
    {
        Phrasing.Trained => Trained,
        Phrasing.Tuning => _tuning,
        Phrasing.Reserved => _reserved,
        _ => Unseen,
    };

    // Every fourth wording, and the last of three.
    private static bool IsReserved(int index, int count) => index % 4 == 3 || (count == 3 && index == 2);
}

/// <summary>Who and what a word problem is about.</summary>
internal sealed record Cast(Person Person, Person Friend, string Things, string Boxes)
{
    public static Cast Draw(ref RowRandom random, Phrasing phrasing)
    {
        var unseen = phrasing == Phrasing.Unseen;
        var people = random.Sample(unseen ? Words.UnseenPeople : Words.People, 2);
        return new(people[0], people[1], random.Pick(unseen ? Words.UnseenThings : Words.Things), random.Pick(Words.Boxes));
    }

    public string Tell(string template, int a = 0, int b = 0, int c = 0) => Words.Fill(
        template,
        ("N", Person.Name), ("He", Words.Capitalize(Person.He)), ("he", Person.He), ("him", Person.Him), ("his", Person.His),
        ("F", Friend.Name), ("o", Things), ("box", Boxes), ("a", a), ("b", b), ("c", c));
}
