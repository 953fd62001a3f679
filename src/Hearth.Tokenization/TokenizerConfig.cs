using System.Text.Json;

namespace Hearth.Tokenization;

/// <summary>What lies beside tokenizer.json in a model folder: the chat template and the names of special tokens.</summary>
public sealed record TokenizerConfig
{
    private static readonly string[] TokenNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <value>The keys that are read; a folder's others are the reader's of the model to judge.</value>
    public static IReadOnlyCollection<string> Keys { get; } = [.. TokenNames, "chat_template"];

    /// <value>bos_token, eos_token and so on to their texts; absent ones are absent.</value>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    /// <value>The template for chats, or null.</value>
    public string? ChatTemplate { get; init; }

    /// <value>Templates with a name of their own, such as "tool_use".</value>
    public IReadOnlyDictionary<string, string> NamedTemplates { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads tokenizer_config.json, special_tokens_map.json and chat_template.jinja, as far as the folder has them.</summary>
    /// <exception cref="InvalidDataException">One of them is not what it should be.</exception>
    public static TokenizerConfig Load(string folder)
    {
        var config = Parse(ReadIfThere(Path.Combine(folder, "tokenizer_config.json")));
        var map = Parse(ReadIfThere(Path.Combine(folder, "special_tokens_map.json")));
        var template = Path.Combine(folder, "chat_template.jinja");
        return config with
        {
            SpecialTokens = config.SpecialTokens.Concat(map.SpecialTokens.Where(entry => !config.SpecialTokens.ContainsKey(entry.Key))).ToDictionary(),
            ChatTemplate = File.Exists(template) ? File.ReadAllText(template) : config.ChatTemplate,
        };
    }

    /// <summary>Reads the text of a tokenizer_config.json.</summary>
    public static TokenizerConfig Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"tokenizer_config.json cannot be read: {error.Message}", error);
        }
    }

    private static string ReadIfThere(string path) => File.Exists(path) ? File.ReadAllText(path) : "{}";

    private static TokenizerConfig Read(JsonElement root)
    {
        var specials = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in TokenNames)
        {
            // A token is its text, or an object with the text in "content".
            if (root.Property(name) is not { } token) continue;
            if ((token.ValueKind == JsonValueKind.String ? token.GetString() : token.Text("content")) is { } text) specials[name] = text;
        }

        var templates = ReadTemplates(root.Property("chat_template"));
        return new TokenizerConfig
        {
            SpecialTokens = specials,
            ChatTemplate = templates.GetValueOrDefault("default"),
            NamedTemplates = templates,
        };
    }

    /// <summary>One template, or a list of named ones.</summary>
    private static Dictionary<string, string> ReadTemplates(JsonElement? element) => element switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } text => new() { ["default"] = text.GetString()! },
        { } list => list.EnumerateArray().ToDictionary(
            entry => entry.GetProperty("name").GetString()!, entry => entry.GetProperty("template").GetString()!),
    };
}
