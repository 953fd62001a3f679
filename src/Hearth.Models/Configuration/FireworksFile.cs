namespace Hearth.Models;

/// <summary><c>fireworks.json</c> beside the weights: a chat template and defaults for generating that win over the publisher's own.</summary>
public sealed record FireworksFile
{
    private const string Jinja = "jinja";

    private static readonly string[] Unapplied = ["stop", "max_tokens"];

    /// <summary>Jinja; null where the file has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>The defaults; null where the file says nothing.</summary>
    public GenerationConfiguration Defaults { get; init; } = new();

    /// <summary>What the file asks for and does not get, by key.</summary>
    public IReadOnlyList<string> NotApplied { get; init; } = [];

    /// <exception cref="InvalidDataException">The file is not JSON, or a value has the wrong type.</exception>
    public static FireworksFile Load(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        var left = new List<string>();
        var template = TemplateOf(reader.FindObject("conversation_config"), left);
        var defaults = reader.FindObject("defaults");
        left.AddRange(Unapplied.Where(key => defaults?.Find(key) is not null).Select(key => $"defaults.{key}"));
        if (reader.Flag("has_teft", false)) left.Add("has_teft");
        return new() { ChatTemplate = template, Defaults = DefaultsOf(defaults), NotApplied = left };
    }

    /// <summary>The publisher's advice with these defaults in place of it.</summary>
    public GenerationConfiguration Over(GenerationConfiguration? published) => (published ?? new()) with
    {
        Temperature = Defaults.Temperature ?? published?.Temperature,
        TopP = Defaults.TopP ?? published?.TopP,
        TopK = Defaults.TopK ?? published?.TopK,
        MinP = Defaults.MinP ?? published?.MinP,
        TypicalP = Defaults.TypicalP ?? published?.TypicalP,
        RepetitionPenalty = Defaults.RepetitionPenalty ?? published?.RepetitionPenalty,
        FrequencyPenalty = Defaults.FrequencyPenalty ?? published?.FrequencyPenalty,
        PresencePenalty = Defaults.PresencePenalty ?? published?.PresencePenalty,
    };

    private static string? TemplateOf(ConfigurationReader? conversation, List<string> left)
    {
        if (conversation is null) return null;
        if (conversation.Text("style") == Jinja) return conversation.FindObject("args")?.FindText("template");
        left.Add("conversation_config");
        return null;
    }

    private static GenerationConfiguration DefaultsOf(ConfigurationReader? defaults) => defaults is null ? new() : new()
    {
        Temperature = defaults.FindNumber("temperature"),
        TopP = defaults.FindNumber("top_p"),
        TopK = defaults.FindInteger("top_k"),
        MinP = defaults.FindNumber("min_p"),
        TypicalP = defaults.FindNumber("typical_p"),
        RepetitionPenalty = defaults.FindNumber("repetition_penalty"),
        FrequencyPenalty = defaults.FindNumber("frequency_penalty"),
        PresencePenalty = defaults.FindNumber("presence_penalty"),
    };
}
