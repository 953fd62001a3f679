namespace Hearth.ControlPlane;

/// <summary>Rows <c>{prompt, completion}</c>: two strings; the completion is what is trained.</summary>
internal static class CompletionRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        facts = default;
        if (!row.TryGet("prompt"u8, out var prompt)) return new("missing required field prompt", "Write the row as {\"prompt\": \"…\", \"completion\": \"…\"}.");
        if (!row.TryGet("completion"u8, out var completion)) return new("missing required field completion", "Write the row as {\"prompt\": \"…\", \"completion\": \"…\"}.");
        if (!prompt.IsString || !completion.IsString) return new("prompt and completion must be strings", "Write both as JSON strings.");
        if (completion.Raw.Length == 0) return new("the completion is empty", "Write what the model should say, or remove the row.");
        var seen = new MessageTotals();
        if (SampleWeights.Check(row, ref seen, out var weight) is { } problem) return problem;
        facts = new(RowFormat.Completion, seen.Features, weight > 0, Turns: 1);
        return null;
    }
}
