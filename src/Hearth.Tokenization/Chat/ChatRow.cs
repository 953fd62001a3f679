using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Tokenization;

/// <summary>One conversation of a training file: {"messages": [...], "tools": [...]}.</summary>
public sealed class ChatRow
{
    private ChatRow(JsonArray messages, JsonArray? tools, IReadOnlyList<bool> isTrained)
    {
        Messages = messages;
        Tools = tools;
        IsTrained = isTrained;
    }

    /// <summary>The messages as the template sees them, without their weights.</summary>
    public JsonArray Messages { get; }

    /// <summary>Function descriptions, or null.</summary>
    public JsonArray? Tools { get; }

    /// <summary>For each message, whether the loss counts it: an assistant turn whose weight is not 0.</summary>
    public IReadOnlyList<bool> IsTrained { get; }

    /// <summary>Indices of the assistant's messages.</summary>
    public IEnumerable<int> AssistantTurns => Enumerable.Range(0, Messages.Count).Where(i => RoleOf(Messages[i]) == "assistant");

    /// <summary>Reads a line of a JSONL file.</summary>
    /// <exception cref="ChatRowException">The row is malformed or has nothing to train.</exception>
    public static ChatRow Parse(string json)
    {
        try
        {
            return From(JsonNode.Parse(json) as JsonObject ?? throw Malformed("the row is no JSON object"));
        }
        catch (JsonException error)
        {
            throw new ChatRowException(ChatRowError.Malformed, $"Chat row: not valid JSON: {error.Message}", error);
        }
    }

    /// <exception cref="ChatRowException">The row is malformed or has nothing to train.</exception>
    public static ChatRow From(JsonObject row)
    {
        if (row["messages"] is not JsonArray { Count: > 0 } messages) throw Malformed("'messages' must be a list with at least one message");
        var trained = messages.Select((message, i) => IsTrainedTurn(message, i)).ToList();
        if (messages.All(message => RoleOf(message) != "assistant"))
            throw new ChatRowException(ChatRowError.NoAssistantTurn, "Chat row: no message has role 'assistant', so nothing can be trained. Add an answer.");
        if (!trained.Contains(true))
            throw new ChatRowException(ChatRowError.NothingToTrain, "Chat row: every assistant message has weight 0, so nothing is trained. Give one weight 1 or leave the row out.");
        return new ChatRow([.. messages.Select(WithoutWeight)], row["tools"]?.DeepClone() as JsonArray, trained);
    }

    /// <summary>The conversation up to and with a turn, only that turn trained.</summary>
    internal ChatRow UpTo(int turn) => new(
        First(turn + 1), Tools, [.. Enumerable.Range(0, turn + 1).Select(i => i == turn)]);

    internal JsonArray First(int count) => [.. Messages.Take(count).Select(message => message!.DeepClone())];

    private static bool IsTrainedTurn(JsonNode? message, int index)
    {
        if (message is not JsonObject fields || RoleOf(message) is not { Length: > 0 } role)
            throw Malformed($"message {index} must be an object with a 'role'");
        if (fields["weight"] is not { } weight) return role == "assistant";
        var isNumber = weight.GetValueKind() == JsonValueKind.Number && (NumberOf(weight) is 0 or 1);
        return isNumber ? role == "assistant" && NumberOf(weight) != 0 : throw Malformed($"the weight of message {index} must be 0 or 1");
    }

    // A node made in memory holds an int, a parsed one a JSON number: the text serves both.
    private static double NumberOf(JsonNode number) => double.Parse(number.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);

    private static string? RoleOf(JsonNode? message) =>
        message is JsonObject fields && fields["role"] is JsonValue value && value.TryGetValue<string>(out var role) ? role : null;

    private static JsonNode WithoutWeight(JsonNode? message)
    {
        var copy = message!.DeepClone().AsObject();
        copy.Remove("weight");
        return copy;
    }

    private static ChatRowException Malformed(string what) => new(ChatRowError.Malformed, $"Chat row: {what}.");
}
