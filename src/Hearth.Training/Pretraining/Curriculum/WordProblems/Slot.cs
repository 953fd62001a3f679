namespace Hearth.Training;

/// <summary>Which wordings a word problem may use.</summary>
public enum Phrasing
{
    /// <summary>Wordings, names and things that occur in training rows.</summary>
    Trained,
    /// <summary>Wordings, names and things that occur in no word problem of any training row.</summary>
    Unseen,
}

/// <summary>One place of a word problem's text, with its wordings of both kinds. Placeholders: {N} the person, {he} {He} {him} {his} pronouns, {F} a friend, {o} things, {box} containers, {a} {b} {c} numbers.</summary>
internal sealed record Slot(string[] Trained, string[] Unseen)
{
    public string Pick(ref RowRandom random, Phrasing phrasing) => random.Pick(phrasing == Phrasing.Trained ? Trained : Unseen);
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
