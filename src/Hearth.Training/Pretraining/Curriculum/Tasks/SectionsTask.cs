namespace Hearth.Training;

/// <summary>Writes and reads sections between tags such as <c>[NOTE]</c> and <c>[/NOTE]</c>, with the tags that the question names.</summary>
internal sealed class SectionsTask : ICurriculumTask
{
    // The tags of the fine-tuning demo are not here and must not be: learning them is that job's work.
    private static readonly string[] Tags =
    [
        "NOTE", "PLAN", "STEPS", "TOTAL", "LIST", "DATA", "SUM", "FACTS", "ITEMS", "TITLE", "REPLY", "CHECK", "NAMES", "COUNT", "DRAFT", "ORDER", "TASK", "PART", "TEXT",
        "INFO", "FINAL", "WORDS", "NUMBER", "START", "END", "REPORT", "REST", "WORLD", "HOME", "PAGE",
    ];

    private static readonly string[] One =
        ["Put {x} in [{s}] tags.", "Write {x} between [{s}] and [/{s}].", "Make a [{s}] section with {x}.", "Write a section [{s}] that has {x}."];

    private static readonly string[] Two =
    [
        "Put {x} in [{s}] and {y} in [{t}].", "Write two sections: [{s}] with {x}, then [{t}] with {y}.", "Make a [{s}] section with {x} and a [{t}] section with {y}.",
    ];

    private static readonly string[] Read =
        ["What is inside [{s}]?\n{text}", "Read this:\n{text}\nWhat does the [{s}] section say?", "Give the text of [{s}]:\n{text}", "{text}\nCopy what is between [{s}] and [/{s}]."];

    private static readonly string[] Work =
    [
        "{p} Use [{s}] for the steps and [{t}] for the answer.", "{p} Write the steps in [{s}] and the answer in [{t}].", "Solve in two sections, [{s}] for the steps and [{t}] for the answer: {p}",
        "{p} Steps between [{s}] and [/{s}], then the answer between [{t}] and [/{t}].",
    ];

    public string Name => "sections";

    public int Weight => 80;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var tags = random.Sample(Tags, 2);
        return random.Below(10) switch
        {
            < 2 => WriteOne(ref random, tags),
            < 4 => WriteTwo(ref random, tags),
            < 6 => ReadOne(ref random, tags),
            _ => Worked(ref random, split, tags),
        };
    }

    /// <summary>A section over several lines.</summary>
    public static string Section(string tag, string body) => $"[{tag}]\n{body}\n[/{tag}]";

    /// <summary>One of the tags.</summary>
    public static string Tag(ref RowRandom random) => random.Pick(Tags);

    private ChatExample WriteOne(ref RowRandom random, string[] tags)
    {
        var text = CapitalsTask.Phrase(ref random);
        return new(Name, Words.Fill(random.Pick(One), ("x", text), ("s", tags[0])), Section(tags[0], text), $"section:{text}");
    }

    private ChatExample WriteTwo(ref RowRandom random, string[] tags)
    {
        var items = random.Sample(Words.ListWords, random.Between(2, 4));
        if (random.Chance(50))
        {
            var (x, y) = (string.Join(" ", items[..^1]), items[^1]);
            var question = Words.Fill(random.Pick(Two), ("x", x), ("y", y), ("s", tags[0]), ("t", tags[1]));
            return new(Name, question, $"{Section(tags[0], x)}\n\n{Section(tags[1], y)}", $"sections:{x};{y}");
        }
        var list = string.Join(", ", items);
        var ask = $"Write [{tags[0]}] with a numbered list of {list}, and [{tags[1]}] with the number of words.";
        return new(Name, ask, $"{Section(tags[0], Lists.Numbered(items))}\n\n{Section(tags[1], Lists.Digits(items.Length))}", $"sections:{list}");
    }

    private ChatExample ReadOne(ref RowRandom random, string[] tags)
    {
        var (x, y) = (CapitalsTask.Phrase(ref random), CapitalsTask.Phrase(ref random));
        var flat = random.Chance(40);
        var text = flat ? $"[{tags[0]}]{x}[/{tags[0]}] [{tags[1]}]{y}[/{tags[1]}]" : $"{Section(tags[0], x)}\n{Section(tags[1], y)}";
        var asked = random.Below(2);
        return new(Name, Words.Fill(random.Pick(Read), ("text", text), ("s", tags[asked])), asked == 0 ? x : y, $"read:{x};{y}");
    }

    private ChatExample Worked(ref RowRandom random, ProblemSplit split, string[] tags)
    {
        var problem = WordProblems.Draw(ref random, split, random.Between(1, 2));
        var question = Words.Fill(random.Pick(Work), ("p", problem.Text), ("s", tags[0]), ("t", tags[1]));
        return new(Name, question, $"{Section(tags[0], problem.Lines)}\n\n{Section(tags[1], Lists.Digits(problem.Answer))}", problem.Key);
    }
}
