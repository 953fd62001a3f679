namespace Hearth.Training;

/// <summary>Takes fields out of a sentence and writes them as one line of JSON.</summary>
internal sealed class JsonTask : ICurriculumTask
{
    private static readonly string[] Asks =
    [
        "Extract {fields} as JSON: {text}", "Give {fields} as JSON. {text}", "{text} Write {fields} as JSON.", "Read the text and return JSON with {fields}: {text}",
        "{text} Return {fields} as a JSON object.", "Turn this into JSON with {fields}: {text}", "JSON with {fields}, please: {text}",
    ];

    private static readonly string[] PersonTexts =
    [
        "{name} is {age} years old and lives in {city}.", "{name}, {age}, lives in {city}.", "My friend {name} from {city} is {age}.", "In {city} lives {name}, who is {age} years old.",
        "This is {name}. {name} is {age} and comes from {city}.",
    ];

    private static readonly string[] OrderTexts =
    [
        "{name} buys {count} {item} for {price} dollars.", "{name} orders {count} {item} and pays {price} dollars.", "An order of {count} {item} by {name} costs {price} dollars.",
        "For {price} dollars {name} gets {count} {item}.",
    ];

    private static readonly string[] WorkTexts =
        ["{name} is a {job} in {city}.", "The {job} {name} lives in {city}.", "In {city}, {name} has a job as a {job}.", "{name} from {city} is a {job}."];

    public string Name => "json";

    public int Weight => 50;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var name = Words.AnyName(ref random);
        var (texts, fields) = random.Below(3) switch
        {
            0 => (PersonTexts, new (string Name, object Value)[] { ("name", name), ("age", random.Between(5, 90)), ("city", random.Pick(Words.Cities)) }),
            1 => (OrderTexts, [("name", name), ("count", random.Between(2, 40)), ("item", Thing(ref random)), ("price", random.Between(2, 99))]),
            _ => (WorkTexts, [("name", name), ("job", random.Pick(Words.Jobs)), ("city", random.Pick(Words.Cities))]),
        };
        var text = Words.Fill(random.Pick(texts), fields);
        var wanted = random.Sample(fields, random.Between(1, fields.Length));
        var question = Words.Fill(random.Pick(Asks), ("text", text), ("fields", Enumerate([.. wanted.Select(f => f.Name)])));
        var json = "{" + string.Join(", ", wanted.Select(f => $"\"{f.Name}\": {(f.Value is int ? f.Value : $"\"{f.Value}\"")}")) + "}";
        return new(Name, question, json, "json:" + string.Join(',', fields.Select(f => f.Value)));
    }

    private static string Thing(ref RowRandom random) => random.Pick(random.Chance(50) ? Words.Things : Words.UnseenThings);

    private static string Enumerate(string[] names) => names.Length == 1 ? names[0] : string.Join(", ", names[..^1]) + " and " + names[^1];
}
