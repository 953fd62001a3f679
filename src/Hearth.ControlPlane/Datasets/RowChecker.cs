using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What a good row adds to the totals.</summary>
public readonly record struct RowFacts(RowFormat Format, bool Trainable, int Turns);

/// <summary>Row formats, told apart by their fields.</summary>
public enum RowFormat { Unknown, Chat, Completion, Preference, Samples }

/// <summary>
/// Checks one row. Chat rows: roles, content, weights, the system message's place. Tool definitions go to the template as they are
/// and are not checked here. The other formats are checked for their fields only; the job that trains on them knows their rules.
/// </summary>
public static class RowChecker
{
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    /// <returns>Null where the row is good; else the rule that it breaks and the remedy.</returns>
    public static (string Rule, string Remedy)? Check(JsonElement row, out RowFacts facts)
    {
        facts = default;
        if (row.ValueKind != JsonValueKind.Object)
            return ($"a row must be a JSON object, not {Kind(row)}", "Write one {…} per line.");
        if (row.TryGetProperty("messages", out var messages)) return CheckChat(row, messages, out facts);
        if (row.TryGetProperty("prompt", out var prompt) && row.TryGetProperty("completion", out var completion))
            return CheckCompletion(prompt, completion, out facts);
        if (row.TryGetProperty("input", out _) && row.TryGetProperty("preferred_output", out _) && row.TryGetProperty("non_preferred_output", out _))
        {
            facts = new(RowFormat.Preference, Trainable: false, Turns: 1);
            return null;
        }
        if (row.TryGetProperty("samples", out var samples) && samples.ValueKind == JsonValueKind.Array)
        {
            facts = new(RowFormat.Samples, Trainable: false, Turns: 1);
            return null;
        }
        if (row.TryGetProperty("chosen", out _) && row.TryGetProperty("rejected", out _))
            return ("rows of chosen and rejected are not taken as they are", "Convert the file: hearth datasets convert --from chosen-rejected.");
        return ("missing required field messages", "Give the row a list of messages: {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}.");
    }

    private static (string, string)? CheckCompletion(JsonElement prompt, JsonElement completion, out RowFacts facts)
    {
        facts = new(RowFormat.Completion, Trainable: true, Turns: 1);
        return prompt.ValueKind == JsonValueKind.String && completion.ValueKind == JsonValueKind.String
            ? null
            : ("prompt and completion must be strings", "Write both as JSON strings.");
    }

    private static (string, string)? CheckChat(JsonElement row, JsonElement messages, out RowFacts facts)
    {
        facts = default;
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            return ($"messages must be a non-empty list, not {Kind(messages)}", "List at least one message.");
        if (row.TryGetProperty("weight", out var rowWeight) && (rowWeight.ValueKind != JsonValueKind.Number || rowWeight.GetDouble() < 0))
            return ("the row's weight must be a number of 0 or more", "Remove it or write a number such as 0.5.");
        var trainable = false;
        var turns = 0;
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (CheckMessage(message, index, out var role) is { } fault) return fault;
            turns += role == "user" ? 1 : 0;
            trainable |= role == "assistant" && !HasZeroWeight(message);
            index++;
        }
        facts = new(RowFormat.Chat, trainable, turns);
        return null;
    }

    private static (string, string)? CheckMessage(JsonElement message, int index, out string role)
    {
        role = "";
        if (message.ValueKind != JsonValueKind.Object)
            return ($"message {index} must be an object, not {Kind(message)}", "Write it as {\"role\": …, \"content\": …}.");
        if (!message.TryGetProperty("role", out var named) || named.ValueKind != JsonValueKind.String)
            return ($"message {index} has no role", "Add \"role\": \"system\", \"user\", \"assistant\" or \"tool\".");
        role = named.GetString()!;
        if (!Roles.Contains(role))
            return ($"invalid role {role} in message {index}, must be 'system', 'user', 'assistant' or 'tool'", "Rename the role.");
        if (role == "system" && index > 0)
            return ($"message {index} is a system message, which may only come first", "Move it to the front or remove it.");
        if (message.TryGetProperty("weight", out var weight) && !(weight.ValueKind == JsonValueKind.Number && weight.GetDouble() is 0 or 1))
            return ($"the weight of message {index} must be 0 or 1", "0 keeps the message out of the loss; leave the field out for 1.");
        return CheckContent(message, index, role);
    }

    private static (string, string)? CheckContent(JsonElement message, int index, string role)
    {
        var hasCalls = role == "assistant" && message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array;
        if (!message.TryGetProperty("content", out var content) || content.ValueKind == JsonValueKind.Null)
            return hasCalls ? null : ($"message {index} has no content", "Add \"content\": a string, or a list of parts.");
        if (content.ValueKind == JsonValueKind.String) return null;
        if (content.ValueKind != JsonValueKind.Array)
            return ($"the content of message {index} must be a string or a list of parts, not {Kind(content)}", "Write it as a JSON string.");
        foreach (var part in content.EnumerateArray())
            if (CheckPart(part, index) is { } fault) return fault;
        return null;
    }

    private static (string, string)? CheckPart(JsonElement part, int index)
    {
        var type = part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var named) && named.ValueKind == JsonValueKind.String
            ? named.GetString()
            : null;
        if (type == "text" && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String) return null;
        if (type != "image_url")
            return ($"a part of message {index} is neither text nor image_url", "Write it as {\"type\": \"text\", \"text\": \"…\"}.");
        var url = part.TryGetProperty("image_url", out var image) && image.ValueKind == JsonValueKind.Object
            && image.TryGetProperty("url", out var address) && address.ValueKind == JsonValueKind.String ? address.GetString()! : "";
        return url.StartsWith("data:image/", StringComparison.Ordinal)
            ? null
            : ($"an image of message {index} is not a data URI", "Embed it as data:image/…;base64,…: hearth datasets inline-images does.");
    }

    private static bool HasZeroWeight(JsonElement message) => message.TryGetProperty("weight", out var weight) && weight.GetDouble() == 0;

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.GetArrayLength() == 0 ? "an empty list" : "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a boolean",
    };
}
