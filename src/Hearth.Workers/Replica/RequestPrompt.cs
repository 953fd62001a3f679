using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>The token ids of a request's prompt, in whichever of the three forms it came.</summary>
internal static class RequestPrompt
{
    /// <exception cref="ReplicaRequestException">The messages do not fit the model's template, or there is no prompt.</exception>
    public static IReadOnlyList<int> Of(GenerationRequest request, ModelText text)
    {
        if (request.PromptTokenIds is { } ids) return ids;
        if (request.Prompt is { } prompt) return text.Tokenizer.Encode(prompt, addSpecialTokens: true);
        try
        {
            var messages = Array(request.MessagesJson, "messages") ?? throw new InvalidDataException("The request has no prompt: give messages.");
            return text.PromptOf(messages, Array(request.ToolsJson, "tools"));
        }
        catch (Exception e) when (e is ChatTemplateException or InvalidDataException or JsonException)
        {
            throw new ReplicaRequestException("INVALID_ARGUMENT", e.Message);
        }
    }

    private static JsonArray? Array(string? json, string field) => json is null
        ? null
        : JsonNode.Parse(json) as JsonArray ?? throw new InvalidDataException($"{field} must be a list.");
}
