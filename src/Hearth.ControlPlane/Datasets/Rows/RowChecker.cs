namespace Hearth.ControlPlane;

/// <summary>Checks one row: tells its format by its fields and hands it to that format's rules.</summary>
public static class RowChecker
{
    /// <summary>Checks a row of a file whose format is not known yet.</summary>
    /// <returns>Null where the row is good; else the rule that it breaks and the remedy.</returns>
    public static RowProblem? Check(RowValue row, out RowFacts facts) => Check(row, RowFormat.Unknown, 0, out facts);

    /// <summary>Checks a row of a file of one format, which line <paramref name="formatLine"/> has set.</summary>
    public static RowProblem? Check(RowValue row, RowFormat expected, long formatLine, out RowFacts facts)
    {
        facts = default;
        if (!row.IsObject) return new($"a row must be a JSON object, not {row.Description}", "Write one {…} per line.");
        if (row.Has("chosen"u8) && row.Has("rejected"u8)) return PreferenceRows.ChosenRejected;
        var found = FormatOf(row, expected);
        if (found != expected && expected != RowFormat.Unknown && found != RowFormat.Unknown)
            return Mixed(found, expected, formatLine);
        return (expected == RowFormat.Unknown ? found : expected) switch
        {
            RowFormat.Kto => KtoRows.Check(row, out facts),
            RowFormat.Completion => CompletionRows.Check(row, out facts),
            RowFormat.Preference => PreferenceRows.Check(row, out facts),
            RowFormat.Trajectories => TrajectoryRows.Check(row, out facts),
            RowFormat.Batch => BatchRows.Check(row, out facts),
            RowFormat.Prompts => PromptRows.Check(row, out facts),
            _ => ChatRows.Check(row, out facts), // which says what is missing where nothing was recognised
        };
    }

    private static RowProblem Mixed(RowFormat found, RowFormat expected, long line)
    {
        var reason = line == 0 ? $"{RowFormats.NameOf(expected)} was asked for" : $"line {line} makes this a {RowFormats.NameOf(expected)} file";
        return new($"the row is of format {RowFormats.NameOf(found)}, but {reason}", "Put rows of different formats into different files.");
    }

    private static RowFormat FormatOf(RowValue row, RowFormat expected)
    {
        if (row.Has("messages"u8)) return MessagesFormat(row, expected);
        if (row.Has("custom_id"u8) || row.Has("body"u8)) return RowFormat.Batch;
        if (row.Has("preferred_output"u8) || row.Has("non_preferred_output"u8)) return RowFormat.Preference;
        if (row.Has("samples"u8)) return RowFormat.Trajectories;
        return row.Has("prompt"u8) || row.Has("completion"u8) ? RowFormat.Completion : RowFormat.Unknown;
    }

    // A chat row may have fields of its own for evaluators, a label among them: only where the first row's label is true or false is it KTO's.
    private static RowFormat MessagesFormat(RowValue row, RowFormat expected)
    {
        if (expected is RowFormat.Chat or RowFormat.Kto or RowFormat.Prompts) return expected;
        return row.TryGet("label"u8, out var label) && label.IsBoolean && !row.Has("ground_truth"u8) ? RowFormat.Kto : RowFormat.Chat;
    }
}
