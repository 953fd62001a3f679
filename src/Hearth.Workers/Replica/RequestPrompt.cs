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
    public static IReadOnlyList<int> Of(GenerationRequest request, Conversation conversation)
    {
        var text = conversation.Text;
        if (request.PromptTokenIds is { } ids) return ids;
        if (request.Prompt is { } prompt) return text.Tokenizer.Encode(prompt, addSpecialTokens: true);
        try
        {
            var messages = conversation.WithSystem(Array(request.MessagesJson, "messages") ?? throw new InvalidDataException("The request has no prompt: give messages."));
            var tools = Array(request.ToolsJson, "tools");
            return Truncated(messages, request.PromptTruncateLength, kept => request.ContinueFinalMessage ? text.ContinuationOf(kept, tools) : text.PromptOf(kept, tools));
        }
        catch (Exception e) when (e is ChatTemplateException or InvalidDataException or JsonException)
        {
            throw new ReplicaRequestException("INVALID_ARGUMENT", e.Message);
        }
    }

    /// <summary>The token ids of the answer that the caller expects; null: none.</summary>
    public static IReadOnlyList<int>? PredictionOf(GenerationRequest request, Conversation conversation) =>
        request.PredictionTokenIds ?? (request.Prediction is { Length: > 0 } text ? conversation.Text.Tokenizer.Encode(text, parseSpecial: false) : null);

    /// <summary>Leaves out as few of the oldest messages as make the prompt fit. System messages and the last message always stay.</summary>
    internal static IReadOnlyList<int> Truncated(JsonArray messages, int? limit, Func<JsonArray, IReadOnlyList<int>> render)
    {
        var whole = render(messages);
        if (limit is not { } most || whole.Count <= most) return whole;
        var droppable = Enumerable.Range(0, messages.Count - 1).Where(i => RoleOf(messages[i]) is not ("system" or "developer")).ToList();
        var (few, many) = (1, droppable.Count);
        if (many == 0) return whole;
        while (few < many)
        {
            var half = (few + many) / 2;
            if (render(Without(messages, droppable[..half])).Count <= most) many = half;
            else few = half + 1;
        }
        return render(Without(messages, droppable[..many]));
    }

    // A tool's answer without the call that it answers is no history that a template accepts.
    private static JsonArray Without(JsonArray messages, List<int> dropped)
    {
        var kept = new JsonArray();
        var isOrphan = true;
        for (var i = 0; i < messages.Count; i++)
        {
            if (dropped.Contains(i)) continue;
            var role = RoleOf(messages[i]);
            if (role == "tool" && isOrphan && i < messages.Count - 1) continue;
            if (role is "assistant" or "user") isOrphan = false;
            kept.Add(messages[i]?.DeepClone());
        }
        return kept;
    }

    private static string? RoleOf(JsonNode? message) => (message as JsonObject)?["role"] is JsonValue role && role.TryGetValue<string>(out var text) ? text : null;

    private static JsonArray? Array(string? json, string field) => json is null
        ? null
        : JsonNode.Parse(json) as JsonArray ?? throw new InvalidDataException($"{field} must be a list.");
}
