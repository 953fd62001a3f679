using System.Text.Json.Nodes;
using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>How a model reads and writes text: its own tokenizer and chat template. The trainer and the replica use the same.</summary>
public sealed class ModelText
{
    private readonly ChatRenderer? _chat;

    private ModelText(Tokenizer tokenizer, string? chatTemplate, ChatRenderer? chat) => (Tokenizer, ChatTemplateSource, _chat) = (tokenizer, chatTemplate, chat);

    /// <summary>Text to token ids and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The chat template's text; null where the model was not made for chats.</summary>
    public string? ChatTemplateSource { get; }

    /// <summary>Conversations to token ids.</summary>
    /// <exception cref="InvalidDataException">The model was not made for chats and no template was given.</exception>
    public ChatRenderer Chat => _chat
        ?? throw new InvalidDataException("The model has no chat template: neither its tokenizer_config.json, nor chat_template.jinja, nor the GGUF file has one. Use text completions, or give a template.");

    /// <summary>Reads the files beside the weights.</summary>
    /// <param name="chatTemplate">Jinja that replaces the model's own, or null.</param>
    /// <exception cref="NotSupportedException">The model has no tokenizer, or uses something unknown; the message names it.</exception>
    /// <exception cref="InvalidDataException">A file is unsound.</exception>
    public static ModelText Load(ModelFiles files, string? chatTemplate = null, TimeProvider? clock = null)
    {
        if (files.TokenizerConfigurationFile is { } beside) CheckKeys(beside);
        var tokenizer = TokenizerOf(files);
        var configuration = TokenizerConfig.Load(files.Folder);
        string? source = chatTemplate ?? files.Fireworks?.ChatTemplate ?? configuration.ChatTemplate ?? files.GgufTokenizer?.ChatTemplate;
        var specialTokens = configuration.SpecialTokens.Count == 0 && files.GgufTokenizer is { } gguf ? gguf.SpecialTokens : configuration.SpecialTokens;
        return new ModelText(tokenizer, source, source is null ? null : new ChatRenderer(tokenizer, ChatTemplate.Parse(source), specialTokens, clock));
    }

    // The special tokens and templates are read by TokenizerConfig; whatever else stands there must be known to change nothing.
    internal static void CheckKeys(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        reader.Ignore(TokenizerConfig.Keys);
        reader.Ignore(ConfigurationKeys.Tokenizer.Keys);
        reader.RefuseOthers();
    }

    // A tokenizer.json beside a GGUF file is the publisher's own and wins over the file's.
    private static Tokenizer TokenizerOf(ModelFiles files) => files.TokenizerFile is { } path
        ? Tokenizer.Load(path)
        : files.GgufTokenizer?.Build()
            ?? throw new NotSupportedException("The model has no tokenizer: no tokenizer.json beside its weights. Put the one of the published model there.");

    /// <summary>A conversation as the model reads it, the opening of its answer included.</summary>
    /// <exception cref="InvalidDataException">The model has no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public int[] PromptOf(JsonArray messages, JsonArray? tools) => MessageForms.Render(messages, form => Chat.EncodePrompt(form, tools));

    /// <summary>A conversation that ends inside the assistant's last message, whose text the model goes on with.</summary>
    /// <exception cref="InvalidDataException">The model has no chat template.</exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or does not show its last message.</exception>
    public int[] ContinuationOf(JsonArray messages, JsonArray? tools) => MessageForms.Render(messages, form => Chat.EncodeContinuation(form, tools));
}
