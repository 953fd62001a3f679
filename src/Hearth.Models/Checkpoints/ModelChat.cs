using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>A model's tokenizer and chat template, from the files that belong to it.</summary>
public static class ModelChat
{
    /// <summary>The renderer that turns conversations into token ids.</summary>
    /// <param name="chatTemplate">Jinja template that replaces the model's, or null.</param>
    /// <exception cref="InvalidDataException">The model has no tokenizer or no template.</exception>
    public static ChatRenderer LoadRenderer(ModelFiles files, string? chatTemplate = null, TimeProvider? clock = null)
    {
        string tokenizerFile = files.TokenizerFile
            ?? throw new InvalidDataException("The model has no tokenizer.json beside its weights. Put the one of its Hugging Face repository there.");
        var configuration = files.TokenizerConfigurationFile is not null ? TokenizerConfig.Load(files.Folder) : new TokenizerConfig();
        string template = chatTemplate
            ?? configuration.ChatTemplate
            ?? files.GgufTokenizer?.ChatTemplate
            ?? throw new InvalidDataException("The model has no chat template: neither tokenizer_config.json nor the GGUF file has one. Give one with the job or deployment.");
        return new ChatRenderer(Tokenizer.Load(tokenizerFile), ChatTemplate.Parse(template), configuration.SpecialTokens, clock);
    }
}
