namespace Hearth.ControlPlane;

/// <summary>Rows <c>{messages}</c> and the rules of messages wherever they stand: roles, order, weights, contents.</summary>
internal static class ChatRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        facts = default;
        if (!row.TryGet("messages"u8, out var messages))
            return new("missing required field messages", "Give the row a list of messages: {\"messages\": [{\"role\": \"user\", \"content\": \"…\"}, …]}.");
        var seen = new MessageTotals();
        if (CheckMessages(messages, "messages", ref seen) is { } problem) return problem;
        if (ToolRows.CheckDefinitions(row, ref seen) is { } unfitTools) return unfitTools;
        if (SampleWeights.Check(row, ref seen, out var weight) is { } unfitWeight) return unfitWeight;
        if (row.Has("ground_truth"u8)) seen.Features |= RowFeatures.GroundTruth;
        if (!seen.EndsWithAnswer) seen.Features |= RowFeatures.Prompt;
        facts = new(RowFormat.Chat, seen.Features, seen.TrainedAnswers > 0 && weight > 0, seen.UserTurns, seen.ImageBytes);
        return null;
    }

    /// <summary>A list of messages. <paramref name="name"/> is what faults call it.</summary>
    public static RowProblem? CheckMessages(RowValue messages, string name, ref MessageTotals seen)
    {
        if (!messages.IsList || messages.Count == 0)
            return new($"{name} must be a non-empty list, not {messages.Description}", "List at least one message.");
        var index = 0;
        foreach (var message in messages.Items)
        {
            if (CheckMessage(message, index, ref seen) is { } problem) return problem;
            index++;
        }
        return null;
    }

    /// <summary>One message; a system message may only have index 0.</summary>
    public static RowProblem? CheckMessage(RowValue message, int index, ref MessageTotals seen)
    {
        if (!message.IsObject)
            return new($"message {index} must be an object, not {message.Description}", "Write it as {\"role\": …, \"content\": …}.");
        if (!message.TryGet("role"u8, out var role) || !role.IsString)
            return new($"message {index} has no role", "Add \"role\": \"system\", \"user\", \"assistant\" or \"tool\".");
        var (isUser, isAssistant, isSystem) = (role.Is("user"u8), role.Is("assistant"u8), role.Is("system"u8));
        if (!isUser && !isAssistant && !isSystem && !role.Is("tool"u8))
            return new($"invalid role {Shown(role)} in message {index}, must be 'system', 'user', 'assistant' or 'tool'", "Rename the role.");
        if (isSystem && index > 0)
            return new($"message {index} is a system message, which may only come first", "Move it to the front or remove it.");
        seen.EndsWithAnswer = isAssistant;
        if (isUser) seen.UserTurns++;
        return CheckWeight(message, index, isAssistant, ref seen)
            ?? ToolRows.CheckCalls(message, index, isAssistant, ref seen, out var hasCalls)
            ?? ThinkingRows.Check(message, index, isAssistant, ref seen)
            ?? MessageContent.Check(message, index, isAssistant, hasCalls, ref seen);
    }

    private static RowProblem? CheckWeight(RowValue message, int index, bool isAssistant, ref MessageTotals seen)
    {
        var weight = 1.0;
        if (message.TryGetSet("weight"u8, out var value))
        {
            weight = value.Number;
            if (weight is not (0 or 1))
                return new($"the weight of message {index} must be 0 or 1", "0 keeps the message out of the loss; leave the field out for 1.");
            if (weight == 0) seen.Features |= RowFeatures.MessageWeights;
        }
        if (isAssistant && weight != 0) seen.TrainedAnswers++;
        return null;
    }

    private static string Shown(RowValue role) => role.Text is { Length: > 40 } text ? text[..40] + "…" : role.Text;
}

/// <summary>What the messages read so far hold.</summary>
internal struct MessageTotals
{
    public RowFeatures Features;
    public int UserTurns;
    /// <summary>Messages of the assistant whose weight is not 0.</summary>
    public int TrainedAnswers;
    /// <summary>The last message is the assistant's.</summary>
    public bool EndsWithAnswer;
    public int ImageBytes;
}
