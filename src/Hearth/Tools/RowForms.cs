using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth;

/// <summary>Rows of other libraries and data sets, as the platform's rows.</summary>
internal static class RowForms
{
    /// <summary>Names for <c>--from</c>.</summary>
    public static IReadOnlyDictionary<string, Func<JsonObject, JsonNode>> All { get; } = new Dictionary<string, Func<JsonObject, JsonNode>>
    {
        ["question-answer"] = QuestionAnswer,
        ["chosen-rejected"] = ChosenRejected,
    };

    /// <summary>{question, answer}, as in GSM8K: a chat of one question.</summary>
    /// <exception cref="FormatException">The row is none.</exception>
    public static JsonNode QuestionAnswer(JsonObject row) => new JsonObject
    {
        ["messages"] = new JsonArray(Message("user", Text(row, "question")), Message("assistant", Text(row, "answer"))),
    };

    /// <summary>
    /// {chosen, rejected}, as preference trainers write them, to a pair of answers. Both are conversations that differ in their last message, plain or as
    /// {messages}; or answers to a {prompt}, which is a text or a conversation.
    /// </summary>
    /// <exception cref="FormatException">The row is none, or its sides differ before the last message.</exception>
    public static JsonNode ChosenRejected(JsonObject row)
    {
        var (chosen, rejected) = (Side(row, "chosen"), Side(row, "rejected"));
        var input = row["prompt"] is { } prompt ? Prompt(prompt) : SharedStart(chosen, rejected);
        var tools = row["tools"] ?? (row["chosen"] as JsonObject)?["tools"];
        return new JsonObject
        {
            ["input"] = new JsonObject { ["messages"] = input, ["tools"] = tools?.DeepClone() ?? new JsonArray() },
            ["preferred_output"] = Answer(chosen, input, "chosen"),
            ["non_preferred_output"] = Answer(rejected, input, "rejected"),
        };
    }

    private static JsonArray Side(JsonObject row, string name) => row[name] switch
    {
        JsonArray { Count: > 0 } messages => messages,
        JsonObject side when side["messages"] is JsonArray { Count: > 0 } messages => messages,
        JsonValue value when value.GetValueKind() == JsonValueKind.String => new JsonArray(Message("assistant", value.GetValue<string>())),
        _ => throw new FormatException($"{name} must be a text, a list of messages or {{\"messages\": […]}}"),
    };

    private static JsonArray Prompt(JsonNode prompt) => prompt switch
    {
        JsonArray { Count: > 0 } messages => Copy(messages, messages.Count),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => new JsonArray(Message("user", value.GetValue<string>())),
        _ => throw new FormatException("prompt must be a text or a list of messages"),
    };

    private static JsonArray SharedStart(JsonArray chosen, JsonArray rejected)
    {
        if (chosen.Count < 2) throw new FormatException("without a prompt, chosen and rejected must be conversations: question and answer");
        if (!JsonNode.DeepEquals(Copy(chosen, chosen.Count - 1), Copy(rejected, rejected.Count - 1)))
            throw new FormatException("chosen and rejected must be equal up to their last message");
        return Copy(chosen, chosen.Count - 1);
    }

    // With a prompt beside them, the sides may repeat it or not.
    private static JsonArray Answer(JsonArray side, JsonArray input, string name)
    {
        var repeats = side.Count == input.Count + 1 && JsonNode.DeepEquals(Copy(side, input.Count), input);
        if (side.Count != 1 && !repeats) throw new FormatException($"{name} must add one message to the conversation");
        return (side[^1] as JsonObject)?["role"]?.GetValue<string>() == "assistant"
            ? new JsonArray(side[^1]!.DeepClone())
            : throw new FormatException($"the last message of {name} must be the assistant's");
    }

    private static JsonArray Copy(JsonArray messages, int count) => [.. messages.Take(Math.Max(count, 0)).Select(message => message?.DeepClone())];

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    private static string Text(JsonObject row, string field) =>
        row[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw new FormatException($"the row is not {{question, answer}} with two strings: {field}");
}
