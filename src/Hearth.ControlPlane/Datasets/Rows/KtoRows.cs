namespace Hearth.ControlPlane;

/// <summary>Rows of KTO: <c>{messages, label}</c>, a conversation that ends with an answer, and whether that is wanted.</summary>
internal static class KtoRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        if (ChatRows.Check(row, out facts) is { } problem) return problem;
        if (!row.TryGet("label"u8, out var label)) return new("missing required field label", "Write \"label\": true for a wanted answer, false for an unwanted one.");
        if (!label.IsBoolean) return new($"label must be true or false, not {label.Description}", "Write \"label\": true for a wanted answer, false for an unwanted one.");
        if (facts.Features.Holds(RowFeatures.Prompt)) return new("the last message is not the assistant's", "A labelled row ends with the answer that the label judges.");
        facts = facts with { Format = RowFormat.Kto };
        return null;
    }
}
