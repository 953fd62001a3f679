using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>How a model reads and writes text: its own tokenizer, special tokens and chat template. The trainer and the replica use the same.</summary>
public sealed class ModelText
{
    /// <summary>What templates call the special tokens, as tokenizer_config.json does.</summary>
    private static readonly string[] SpecialTokenNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private ModelText(Tokenizer tokenizer, ChatTemplate? template, IReadOnlyDictionary<string, string> specialTokens)
    {
        (Tokenizer, Template, SpecialTokens) = (tokenizer, template, specialTokens);
    }

    public Tokenizer Tokenizer { get; }

    /// <summary>Null: the model was not made for chats.</summary>
    public ChatTemplate? Template { get; }

    /// <summary><c>bos_token</c> and so on, as templates see them.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    /// <summary>Reads the files beside the weights. <paramref name="template"/>: Jinja that replaces the model's own, or null.</summary>
    /// <exception cref="NotSupportedException">The model has no tokenizer.json, or uses something unknown; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file is unsound.</exception>
    public static ModelText Load(ModelFiles files, string? template = null)
    {
        var path = files.TokenizerFile ?? throw new NotSupportedException(
            $"The model in '{files.Folder}' has no tokenizer.json. Put the one of the published model beside it.");
        using var configuration = files.TokenizerConfigurationFile is { } file ? JsonFiles.Load(file) : null;
        var source = template ?? TemplateSource(files, configuration?.RootElement);
        return new ModelText(Tokenizer.Load(path), source is null ? null : ChatTemplate.Parse(source), SpecialTokensOf(configuration?.RootElement));
    }

    /// <summary>A conversation as the model reads it, the opening of its answer included.</summary>
    /// <exception cref="InvalidDataException">The model has no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public int[] PromptOf(JsonArray messages, JsonArray? tools)
    {
        var rendered = Render(messages, tools, addGenerationPrompt: true);
        return Tokenizer.Encode(rendered.Text);
    }

    /// <summary>A conversation in the template's form.</summary>
    /// <exception cref="InvalidDataException">The model has no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public RenderedChat Render(JsonArray messages, JsonArray? tools, bool addGenerationPrompt)
    {
        var template = Template ?? throw new InvalidDataException("The model has no chat template. Use text completions, or give a template.");
        return template.Render(new ChatTemplateInput
        {
            Messages = messages, Tools = tools, AddGenerationPrompt = addGenerationPrompt, SpecialTokens = SpecialTokens,
        });
    }

    private static string? TemplateSource(ModelFiles files, JsonElement? configuration)
    {
        if (files.ChatTemplateFile is { } file) return File.ReadAllText(file);
        if (configuration is not { } root || !root.TryGetProperty("chat_template", out var template)) return files.GgufTokenizer?.ChatTemplate;
        if (template.ValueKind == JsonValueKind.String) return template.GetString();
        // Some models publish several by name.
        return template.ValueKind != JsonValueKind.Array ? null : template.EnumerateArray()
            .Where(named => named.GetProperty("name").GetString() == "default").Select(named => named.GetProperty("template").GetString()).FirstOrDefault();
    }

    private static Dictionary<string, string> SpecialTokensOf(JsonElement? configuration)
    {
        var tokens = new Dictionary<string, string>();
        if (configuration is not { } root) return tokens;
        foreach (var name in SpecialTokenNames)
        {
            if (!root.TryGetProperty(name, out var token)) continue;
            // A plain string, or an added token with its flags.
            if (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content)) token = content;
            if (token.ValueKind == JsonValueKind.String) tokens[name] = token.GetString()!;
        }
        return tokens;
    }
}
