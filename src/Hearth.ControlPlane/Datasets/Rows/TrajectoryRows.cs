namespace Hearth.ControlPlane;

/// <summary>
/// Rows of single reinforcement steps: <c>{samples: [{messages, evals}]}</c>, several trajectories of one prompt. The evaluations have the same
/// names in every sample, because reward weights name them.
/// </summary>
internal static class TrajectoryRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        facts = default;
        if (!row.TryGet("samples"u8, out var samples) || !samples.IsList || samples.Count == 0)
            return new("samples must be a non-empty list", "Write the row as {\"samples\": [{\"messages\": […], \"evals\": {\"score\": 1.0}}, …]}.");
        var seen = new MessageTotals();
        HashSet<string>? names = null;
        var number = 0;
        foreach (var sample in samples.Items)
        {
            if (CheckSample(sample, number, ref seen, ref names) is { } problem) return problem;
            number++;
        }
        facts = new(RowFormat.Trajectories, seen.Features, Trainable: true, seen.UserTurns / samples.Count, seen.ImageBytes);
        return null;
    }

    private static RowProblem? CheckSample(RowValue sample, int number, ref MessageTotals seen, ref HashSet<string>? names)
    {
        if (!sample.TryGet("messages"u8, out var messages))
            return new($"sample {number} has no messages", "Write it as {\"messages\": […], \"evals\": {\"score\": 1.0}}.");
        var trained = seen.TrainedAnswers;
        if (ChatRows.CheckMessages(messages, $"the messages of sample {number}", ref seen) is { } problem)
            return problem with { Rule = $"sample {number}: {problem.Rule}" };
        if (seen.TrainedAnswers == trained)
            return new($"sample {number} has no answer to train on", "A trajectory holds at least one message of the assistant with weight 1.");
        if (ToolRows.CheckDefinitions(sample, ref seen) is { } unfitTools) return unfitTools with { Rule = $"sample {number}: {unfitTools.Rule}" };
        if (!sample.TryGet("evals"u8, out var evals) || !evals.IsObject || evals.Count == 0)
            return new($"sample {number} has no evals", "Write them as {\"score\": 1.0}: names and numbers.");
        return CheckEvals(evals, number, ref names);
    }

    private static RowProblem? CheckEvals(RowValue evals, int number, ref HashSet<string>? names)
    {
        var found = new HashSet<string>();
        foreach (var (name, value) in evals.Properties)
        {
            if (double.IsNaN(value.Number)) return new($"the evaluation {name.Text} of sample {number} must be a number, not {value.Description}", "Write it as in {\"score\": 1.0}.");
            found.Add(name.Text);
        }
        names ??= found;
        return names.SetEquals(found)
            ? null
            : new($"sample {number} has evaluations {Listed(found)}, but the first one has {Listed(names)}", "Give every sample of a row the same evaluations.");
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal));
}
