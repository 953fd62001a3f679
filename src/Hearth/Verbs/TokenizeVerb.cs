using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth tokenize</c>.</summary>
internal static class TokenizeVerb
{
    public static Command Create()
    {
        var text = new Argument<string>("text") { Description = "What to cut into tokens" };
        var model = new Option<FileSystemInfo?>("--model") { Description = "Hugging Face folder or GGUF file; else the embedded model" };
        var chat = new Option<bool>("--chat") { Description = "As a user's message in the model's chat template" };
        var command = new Command("tokenize", "Show the token ids that a model reads for a text.") { text, model, chat };
        command.SetAction((parsed, _) =>
            TokenList.Run(parsed.GetRequiredValue(text), parsed.GetValue(model)?.FullName ?? EmbeddedModel.Folder, parsed.GetValue(chat), parsed.IsJson()));
        return command.WithExamples(
            ("hearth tokenize 'Tom has 12 apples.'", "ids and texts of the tokens"),
            ("hearth tokenize --chat 'What is 3 + 4?'", "with what the chat template puts around a question"));
    }
}
