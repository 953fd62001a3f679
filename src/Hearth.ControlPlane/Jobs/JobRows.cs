namespace Hearth.ControlPlane;

/// <summary>Does a dataset hold the rows that a kind of job trains on?</summary>
internal static class JobRows
{
    /// <exception cref="HearthException">It does not; the message names both formats.</exception>
    public static void Require(JobKind kind, string field, Stored<DatasetRecord> dataset)
    {
        var format = RowFormats.Of(dataset.Value.HearthFormat);
        if (kind == JobKind.Supervised && (dataset.Value.TrainableRows == 0 || format == RowFormat.Prompts))
            throw HearthException.Precondition($"{field} {dataset.Name} has no row with an assistant message to train on. Add answers, or use a dataset of chats.");
        if (kind.Rows.Contains(format)) return;
        throw new HearthException(ErrorCode.InvalidArgument,
            $"Invalid dataset format: {field} {dataset.Name} holds rows of format {(format == RowFormat.Unknown ? "unknown" : dataset.Value.HearthFormat)}; {kind.Collection} take {string.Join(" or ", kind.Rows.Select(Describe))}. "
            + "Upload such rows as another dataset.")
        { Param = field };
    }

    private static string Describe(RowFormat format) => format switch
    {
        RowFormat.Completion => "completion rows {\"prompt\", \"completion\"}",
        RowFormat.Preference => "preference rows {\"input\", \"preferred_output\", \"non_preferred_output\"}",
        RowFormat.Trajectories => "groups of scored samples {\"samples\": [{\"messages\", \"evals\"}, …]}",
        _ => $"{RowFormats.NameOf(format)} rows {{\"messages\": […]}}",
    };
}
