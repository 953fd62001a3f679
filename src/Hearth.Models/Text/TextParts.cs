using System.Text.Json.Nodes;

namespace Hearth.Models;

/// <summary>Contents that are lists of text parts become the string that they add up to: not every template reads parts.</summary>
internal static class TextParts
{
    /// <summary>Whether a message holds a part that is no text.</summary>
    public static bool HoldOthers(JsonNode? message) =>
        message is JsonObject fields && fields["content"] is JsonArray parts && parts.Any(part => TextOf(part) is null);

    /// <summary>Joins the parts of each message, in place, where all of them are text.</summary>
    public static void Join(JsonArray messages)
    {
        foreach (var message in messages.OfType<JsonObject>())
            if (message["content"] is JsonArray { Count: > 0 } parts && !HoldOthers(message)) message["content"] = string.Concat(parts.Select(TextOf));
    }

    private static string? TextOf(JsonNode? part) =>
        part is JsonObject fields && fields["text"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
