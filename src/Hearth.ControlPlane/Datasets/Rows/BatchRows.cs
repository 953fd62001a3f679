using System.Buffers;

namespace Hearth.ControlPlane;

/// <summary>
/// Rows of batch jobs: <c>{custom_id, body}</c>. The ids are unique in a file. The body's messages are checked when the job validates, as the
/// requests of other callers are.
/// </summary>
internal static class BatchRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        facts = default;
        if (!row.TryGet("custom_id"u8, out var id) || !id.IsString || id.Raw.Length == 0)
            return new("custom_id must be a string that is not empty", "Give each row an id of its own; answers carry it.");
        if (!row.TryGet("body"u8, out var body) || !body.IsObject)
            return new("missing required field body", "Write the request there: {\"custom_id\": \"1\", \"body\": {\"messages\": […]}}.");
        var hasMessages = body.TryGet("messages"u8, out var messages) && messages.IsList && messages.Count > 0;
        if (!hasMessages && !HoldsTokenIds(body))
            return new("body has neither messages nor prompt_token_ids", "Give it a non-empty list of messages, as in a chat request.");
        facts = new(RowFormat.Batch, RowFeatures.Prompt, Trainable: false, hasMessages ? UserTurns(messages) : 1, Id: HashOf(id));
        return null;
    }

    public static RowProblem Twice(long firstLine) =>
        new($"its custom_id is also that of line {firstLine}", "Give each row an id of its own; answers carry it.");

    private static bool HoldsTokenIds(RowValue body)
    {
        if (!body.TryGet("prompt_token_ids"u8, out var ids) || !ids.IsList || ids.Count == 0) return false;
        foreach (var id in ids.Items)
            if (!(id.Number >= 0) || id.Number != Math.Floor(id.Number)) return false;
        return true;
    }

    private static int UserTurns(RowValue messages)
    {
        var turns = 0;
        foreach (var message in messages.Items)
            if (message.TryGet("role"u8, out var role) && role.Is("user"u8)) turns++;
        return turns;
    }

    private static ulong HashOf(RowValue id)
    {
        var hash = IdHash.Of(id.Utf8(ArrayPool<byte>.Shared, out var rented));
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
        return hash;
    }
}
