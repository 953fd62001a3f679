namespace Hearth.ControlPlane;

/// <summary>Thinking beside an answer: the assistant's <c>reasoning_content</c>. What a template does with earlier turns' thinking is its own affair.</summary>
internal static class ThinkingRows
{
    public static RowProblem? Check(RowValue message, int index, bool isAssistant, ref MessageTotals seen)
    {
        if (!message.TryGetSet("reasoning_content"u8, out var thinking)) return null;
        if (!isAssistant)
            return new($"message {index} has reasoning_content but is not the assistant's", "Only answers have thinking. Remove the field, or move it to the answer.");
        if (!thinking.IsString)
            return new($"the reasoning_content of message {index} must be a string, not {thinking.Description}", "Write the thinking as a JSON string.");
        seen.Features |= RowFeatures.Thinking;
        return null;
    }
}
