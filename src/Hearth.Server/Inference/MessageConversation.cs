using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// A conversation in Anthropic's shape, made into what chat templates read: blocks joined line by line, turns of one role that follow one another
/// joined into one, the system text first. Earlier thinking is left out, as the models were trained to see their history.
/// </summary>
/// <param name="ContinuesLast">The last message is the assistant's own: the answer goes on from it.</param>
internal sealed record MessageConversation(string Json, bool ContinuesLast)
{
    private const int MaxMessages = 100_000;

    public static MessageConversation Read(MessageRequest body)
    {
        if (body.Messages is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw SamplingRules.Fault("messages", "is required: a list of at least one message.");
        if (messages.GetArrayLength() > MaxMessages) throw SamplingRules.Fault("messages", $"has {messages.GetArrayLength():N0} messages, at most {MaxMessages:N0} are allowed.");
        var turns = new List<(string Role, StringBuilder Text)>();
        if (body.System is { ValueKind: not JsonValueKind.Null } system) Add(turns, "system", Text(system, "system", "system"));
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var role = RoleOf(message, index);
            if (!message.TryGetProperty("content", out var content)) throw SamplingRules.Fault($"messages.{index}.content", "is required.");
            Add(turns, role, Text(content, $"messages.{index}.content", role));
            index++;
        }
        var array = new JsonArray([.. turns.Select(turn => new JsonObject { ["role"] = turn.Role, ["content"] = turn.Text.ToString() })]);
        return new(array.ToJsonString(), turns[^1].Role == "assistant");
    }

    private static void Add(List<(string Role, StringBuilder Text)> turns, string role, string text)
    {
        if (turns.Count > 0 && turns[^1].Role == role) turns[^1].Text.Append('\n').Append(text);
        else turns.Add((role, new(text)));
    }

    private static string RoleOf(JsonElement message, int index)
    {
        var role = message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        return role is "user" or "assistant" or "system" ? role : throw SamplingRules.Fault($"messages.{index}.role", $"'{role}' is unknown. Use user or assistant; the system text has a field of its own.");
    }

    private static string Text(JsonElement content, string path, string role) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Join('\n', content.EnumerateArray().Select((block, index) => BlockText(block, $"{path}.{index}", role)).OfType<string>()),
        _ => throw SamplingRules.Fault(path, "must be a string or a list of blocks."),
    };

    /// <summary>Null for a block that the model does not see.</summary>
    private static string? BlockText(JsonElement block, string path, string role)
    {
        switch (Field(block, "type"))
        {
            case "text":
                return Field(block, "text") ?? throw SamplingRules.Fault($"{path}.text", "is required.");
            case "thinking" or "redacted_thinking" when role == "assistant":
                return null;
            case "image" when role == "user":
                if (block.TryGetProperty("source", out var source) && Field(source, "type") == "file") throw SamplingRules.Fault($"{path}.source", "of type file is not supported. Send the image as base64 or by its address.");
                throw SamplingRules.NotYet($"{path} (image)");
            case "tool_use" when role == "assistant":
                throw SamplingRules.NotYet($"{path} (tool_use)");
            case "tool_result" when role == "user":
                throw SamplingRules.NotYet($"{path} (tool_result)");
            case "document":
                throw SamplingRules.Fault(path, "is a document, which is not supported. Send its text.");
            case var other:
                throw SamplingRules.Fault($"{path}.type", $"'{other}' does not belong into a message of the role {role}.");
        }
    }

    private static string? Field(JsonElement message, string name) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? field.GetString() : null;
}
