using System.Buffers;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>
/// Tools: the row's definitions go to the template as they are and are only required to be objects; calls need a name and arguments that are a
/// JSON object written as a string. Ids are optional.
/// </summary>
internal static class ToolRows
{
    public static RowProblem? CheckDefinitions(RowValue owner, ref MessageTotals seen)
    {
        if (!owner.TryGetSet("tools"u8, out var tools)) return null;
        if (!tools.IsList) return new($"tools must be a list, not {tools.Description}", "Write it as [{\"type\": \"function\", \"function\": {…}}].");
        foreach (var tool in tools.Items)
            if (!tool.IsObject) return new($"a tool must be an object, not {tool.Description}", "Write it as {\"type\": \"function\", \"function\": {\"name\": …, \"parameters\": {…}}}.");
        if (tools.Count > 0) seen.Features |= RowFeatures.Tools;
        return null;
    }

    public static RowProblem? CheckCalls(RowValue message, int index, bool isAssistant, ref MessageTotals seen, out bool hasCalls)
    {
        hasCalls = false;
        if (!message.TryGetSet("tool_calls"u8, out var calls)) return null;
        if (!calls.IsList) return new($"the tool_calls of message {index} must be a list, not {calls.Description}", "Write it as [{\"type\": \"function\", \"function\": {…}}].");
        if (calls.Count == 0) return null;
        if (!isAssistant) return new($"message {index} calls tools but is not the assistant's", "Only answers call tools. Results are messages with the role tool.");
        hasCalls = true;
        seen.Features |= RowFeatures.Tools;
        var number = 0;
        foreach (var call in calls.Items)
            if (CheckCall(call, index, number++) is { } problem) return problem;
        return null;
    }

    private static RowProblem? CheckCall(RowValue call, int index, int number)
    {
        if (!call.TryGet("function"u8, out var function) || !function.IsObject)
            return new($"{Named(number, index)} has no function", "Write it as {\"type\": \"function\", \"function\": {\"name\": \"…\", \"arguments\": \"{…}\"}}.");
        if (call.TryGetSet("type"u8, out var type) && !type.Is("function"u8))
            return new($"{Named(number, index)} has a type other than function", "Write \"type\": \"function\".");
        if (!function.TryGet("name"u8, out var name) || !name.IsString || name.Raw.Length == 0)
            return new($"{Named(number, index)} has no function name", "Add \"name\".");
        if (!function.TryGetSet("arguments"u8, out var arguments))
            return new($"{Named(number, index)} has no arguments", "Write \"arguments\": \"{}\" where there are none.");
        if (!arguments.IsString)
            return new($"the arguments of {Named(number, index)} must be a JSON string, not {arguments.Description}", "Write the arguments' JSON as a string: \"{\\\"city\\\": \\\"Bonn\\\"}\".");
        return HoldsObject(arguments)
            ? null
            : new($"the arguments of {Named(number, index)} are not the text of a JSON object", "Write them as in \"{\\\"city\\\": \\\"Bonn\\\"}\"; \"{}\" where there are none.");
    }

    private static string Named(int number, int index) => $"tool call {number} of message {index}";

    private static bool HoldsObject(RowValue arguments)
    {
        var text = arguments.Utf8(ArrayPool<byte>.Shared, out var rented);
        try
        {
            var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = RowJson.MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
        finally
        {
            if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
