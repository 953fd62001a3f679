namespace Hearth.ControlPlane;

/// <summary>What a message says: a string, or a list of text and image parts. It may be absent beside tool calls.</summary>
internal static class MessageContent
{
    public static RowProblem? Check(RowValue message, int index, bool isAssistant, bool hasCalls, ref MessageTotals seen)
    {
        if (!message.TryGetSet("content"u8, out var content))
            return hasCalls ? null : new($"message {index} has no content", "Add \"content\": a string, or a list of parts.");
        if (content.IsString) return null;
        if (!content.IsList)
            return new($"the content of message {index} must be a string or a list of parts, not {content.Description}", "Write it as a JSON string.");
        if (content.Count == 0)
            return new($"the content of message {index} is an empty list", "Write it as a JSON string, or list at least one part.");
        foreach (var part in content.Items)
            if (CheckPart(part, index, isAssistant, ref seen) is { } problem) return problem;
        return null;
    }

    private static RowProblem? CheckPart(RowValue part, int index, bool isAssistant, ref MessageTotals seen)
    {
        var isTyped = part.TryGet("type"u8, out var type);
        if (isTyped && type.Is("image_url"u8))
            return isAssistant
                ? new($"message {index} is the assistant's and holds an image", "Models here write text only. Move the image to a user's message.")
                : ImageParts.Check(part, index, ref seen);
        if (!isTyped || !type.Is("text"u8))
            return new($"a part of message {index} is neither text nor image_url", "Write it as {\"type\": \"text\", \"text\": \"…\"}.");
        return part.TryGet("text"u8, out var text) && text.IsString
            ? null
            : new($"a text part of message {index} has no text", "Write it as {\"type\": \"text\", \"text\": \"…\"}.");
    }
}
