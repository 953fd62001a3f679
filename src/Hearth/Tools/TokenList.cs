using System.Text.Json.Nodes;
using Hearth.Cli;
using Hearth.Models;

namespace Hearth;

/// <summary>Shows a text as a model's tokens.</summary>
internal static class TokenList
{
    public static Task<int> Run(string text, string modelPath, bool chat, bool json)
    {
        using var files = ModelFiles.Open(modelPath);
        var reader = ModelText.Load(files);
        var ids = chat
            ? reader.PromptOf(new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }), null)
            : reader.Tokenizer.Encode(text);
        if (json) CommandOutput.WriteJson(new { tokens = ids.Length, ids });
        else
        {
            foreach (var id in ids) Console.Out.WriteLine($"{id,8}  {reader.Tokenizer.TokenText(id)}");
            Console.Out.WriteLine($"{ids.Length} tokens");
        }
        return Task.FromResult(ExitCodes.Success);
    }
}
