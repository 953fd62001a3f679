namespace Hearth.ControlPlane;

/// <summary>
/// Rows of DPO and ORPO: <c>{input: {messages, tools}, preferred_output, non_preferred_output}</c>. The input ends with the user's message; each
/// output is one message of the assistant.
/// </summary>
internal static class PreferenceRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        facts = default;
        var seen = new MessageTotals();
        if (CheckInput(row, ref seen) is { } problem) return problem;
        if (CheckOutput(row, "preferred_output"u8, "preferred_output", ref seen) is { } unfit) return unfit;
        if (CheckOutput(row, "non_preferred_output"u8, "non_preferred_output", ref seen) is { } unfitOther) return unfitOther;
        facts = new(RowFormat.Preference, seen.Features, Trainable: true, seen.UserTurns, seen.ImageBytes);
        return null;
    }

    /// <summary>Rows as other libraries write them; the API takes only the form above.</summary>
    public static RowProblem ChosenRejected { get; } = new(
        "rows of chosen and rejected are not taken as they are", "Convert the file: hearth datasets convert --from chosen-rejected.");

    private static RowProblem? CheckInput(RowValue row, ref MessageTotals seen)
    {
        if (!row.TryGet("input"u8, out var input) || !input.IsObject)
            return new("missing required field input", "Write it as {\"messages\": [… , {\"role\": \"user\", …}], \"tools\": []}.");
        if (!input.TryGet("messages"u8, out var messages)) return new("input has no messages", "Write it as {\"messages\": [… , {\"role\": \"user\", …}], \"tools\": []}.");
        if (ChatRows.CheckMessages(messages, "the messages of input", ref seen) is { } problem) return problem;
        if (!LastIsUsers(messages)) return new("the last message of input is not the user's", "End input with the question; the answers go to preferred_output and non_preferred_output.");
        return ToolRows.CheckDefinitions(input, ref seen);
    }

    private static bool LastIsUsers(RowValue messages)
    {
        var isUsers = false;
        foreach (var message in messages.Items) isUsers = message.TryGet("role"u8, out var role) && role.Is("user"u8);
        return isUsers;
    }

    private static RowProblem? CheckOutput(RowValue row, ReadOnlySpan<byte> field, string name, ref MessageTotals seen)
    {
        if (!row.TryGet(field, out var output)) return new($"missing required field {name}", $"Write it as [{{\"role\": \"assistant\", \"content\": \"…\"}}].");
        if (!output.IsList || output.Count != 1)
            return new($"{name} must be a list of one message, not {(output.IsList && output.Count > 0 ? $"of {output.Count}" : output.Description)}",
                "Write it as [{\"role\": \"assistant\", \"content\": \"…\"}].");
        foreach (var message in output.Items)
        {
            if (!message.TryGet("role"u8, out var role) || !role.Is("assistant"u8))
                return new($"the message of {name} is not the assistant's", "Write it as [{\"role\": \"assistant\", \"content\": \"…\"}].");
            if (ChatRows.CheckMessage(message, 0, ref seen) is { } problem) return problem with { Rule = $"{name}: {problem.Rule}" };
        }
        return null;
    }
}
