using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>A line of a batch's input.</summary>
/// <param name="Number">Index among the rows; blank lines are none.</param>
/// <param name="Line">From 1, as editors count.</param>
public readonly record struct BatchLine(long Number, long Line, string Text);

/// <summary>Reads a batch's input row by row, never the whole file.</summary>
public static class BatchInput
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool"];
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = RowJson.MaxDepth };

    public static IEnumerable<BatchLine> Read(string path, CancellationToken cancellationToken)
    {
        using var file = RowReader.Open(path);
        foreach (var row in RowReader.Read(file))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return new(row.Number - 1, row.Line, row.Text);
        }
    }

    /// <summary>The row's own id and body. The element lives on after the call.</summary>
    /// <exception cref="InvalidDataException">The line is no row of a batch; the message says why, with its remedy.</exception>
    public static (string CustomId, JsonElement Body) Parse(string text)
    {
        using var document = Json(text);
        var row = document.RootElement;
        if (row.ValueKind != JsonValueKind.Object) throw new InvalidDataException("a row must be a JSON object with custom_id and body");
        if (!row.TryGetProperty("custom_id", out var id) || id.ValueKind != JsonValueKind.String || id.GetString() == "")
            throw new InvalidDataException("missing required field custom_id, a string of its own for each row");
        if (!row.TryGetProperty("body", out var body) || body.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException("missing required field body, an object with messages");
        CheckPrompt(body);
        return (id.GetString()!, body.Clone());
    }

    private static JsonDocument Json(string text)
    {
        try
        {
            return JsonDocument.Parse(text, Strict);
        }
        catch (JsonException)
        {
            throw new InvalidDataException("invalid JSON; write one complete object per line");
        }
    }

    private static void CheckPrompt(JsonElement body)
    {
        if (body.TryGetProperty("prompt_token_ids", out var ids))
        {
            if (ids.ValueKind != JsonValueKind.Array || ids.GetArrayLength() == 0 || ids.EnumerateArray().Any(id => id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out _)))
                throw new InvalidDataException("prompt_token_ids must be a list of token ids");
            return;
        }
        if (!body.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
            throw new InvalidDataException("missing required field messages");
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var role = message.ValueKind == JsonValueKind.Object && message.TryGetProperty("role", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString() : null;
            if (role is null) throw new InvalidDataException($"message {index} has no role, it must be 'system', 'user', 'assistant' or 'tool'");
            if (!Roles.Contains(role)) throw new InvalidDataException($"invalid role {role} in message {index}, must be 'system', 'user', 'assistant' or 'tool'");
            index++;
        }
    }
}
