using System.Text.Json.Nodes;

namespace Hearth.Tokenization;

/// <summary>What transformers does to messages before a template sees them.</summary>
internal static class ChatMessages
{
    /// <summary>Drops null fields, gives reasoning its names, and appends a tag to the last message if there is one.</summary>
    public static JsonArray Prepare(JsonArray messages, string? tag)
    {
        var prepared = new JsonArray([.. messages.Select(message => message is JsonObject fields ? Prepare(fields) : message?.DeepClone())]);
        if (tag is not null) Append(prepared, tag);
        return prepared;
    }

    private static JsonObject Prepare(JsonObject message)
    {
        var result = new JsonObject();
        foreach (var (name, value) in message)
            if (value is not null) result[name] = value.DeepClone();

        // One of three names carries the thinking; templates read either of the first two.
        var reasoning = result["reasoning_content"] ?? result["thinking"] ?? result["reasoning"];
        if (reasoning is null) return result;
        result["reasoning_content"] = reasoning.DeepClone();
        if (!result.ContainsKey("thinking")) result["thinking"] = reasoning.DeepClone();
        return result;
    }

    private static void Append(JsonArray messages, string tag)
    {
        var content = messages.LastOrDefault() is JsonObject last ? last["content"] : null;
        switch (content)
        {
            case JsonValue value when value.TryGetValue<string>(out var text):
                ((JsonObject)messages[^1]!)["content"] = text + tag;
                return;
            case JsonArray parts when parts.LastOrDefault(part => part is JsonObject fields && fields.ContainsKey("text")) is JsonObject part:
                part["text"] = part["text"]?.GetValue<string>() + tag;
                return;
            default:
                throw new ChatTemplateException(ChatTemplateError.Runtime,
                    "Chat template: the final message has no text, so it cannot be continued.");
        }
    }
}
