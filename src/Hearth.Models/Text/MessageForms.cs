using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>
/// Messages as callers write them, in the forms that chat templates read. Lists of text parts become the string that they add up to, since not
/// every template reads parts. Arguments of tool calls, which callers write as a JSON string, become objects, as transformers' templates expect;
/// where a template refuses those, it is given the strings.
/// </summary>
internal static class MessageForms
{
    /// <summary>Whether a message holds a part that is no text.</summary>
    public static bool HoldOthers(JsonNode? message) =>
        message is JsonObject fields && fields["content"] is JsonArray parts && parts.Any(part => TextOf(part) is null);

    /// <summary>Renders messages in the form that the template takes.</summary>
    /// <exception cref="ChatTemplateException">It takes none.</exception>
    /// <exception cref="ChatRowException">It takes none.</exception>
    public static T Render<T>(JsonArray messages, Func<JsonArray, T> render)
    {
        var joined = Copy(messages);
        foreach (var message in joined.OfType<JsonObject>()) JoinParts(message);
        var parsed = Copy(joined);
        if (!parsed.OfType<JsonObject>().Select(ParseArguments).ToList().Contains(true)) return render(joined);
        try
        {
            return render(parsed);
        }
        catch (Exception refused) when (refused is ChatTemplateException or ChatRowException { Error: ChatRowError.Template })
        {
            return render(joined);
        }
    }

    private static JsonArray Copy(JsonArray messages) => [.. messages.Select(message => message?.DeepClone())];

    private static void JoinParts(JsonObject message)
    {
        if (message["content"] is JsonArray { Count: > 0 } parts && !HoldOthers(message)) message["content"] = string.Concat(parts.Select(TextOf));
    }

    private static bool ParseArguments(JsonObject message)
    {
        var isChanged = false;
        foreach (var call in message["tool_calls"] as JsonArray ?? [])
        {
            if (call is not JsonObject fields || fields["function"] is not JsonObject function || ObjectIn(function["arguments"]) is not { } arguments) continue;
            function["arguments"] = arguments;
            isChanged = true;
        }
        return isChanged;
    }

    private static JsonObject? ObjectIn(JsonNode? text)
    {
        if (text is not JsonValue value || !value.TryGetValue<string>(out var json)) return null;
        try
        {
            return JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? TextOf(JsonNode? part) =>
        part is JsonObject fields && fields["text"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
