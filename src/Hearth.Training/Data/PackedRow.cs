namespace Hearth.Training;

/// <summary>Several examples in one row of at most the context's length; attention never crosses a segment. One gradient leaf (E8).</summary>
public sealed record PackedRow(IReadOnlyList<TokenizedRow> Segments)
{
    /// <summary>Rows that the model computes: the last token of a segment predicts nothing and is left out.</summary>
    public int Length { get; } = Segments.Sum(segment => segment.TokenIds.Length - 1);

    /// <summary>Targets that count.</summary>
    public int TrainedTokens { get; } = Segments.Sum(segment => segment.TrainedTokens);

    /// <summary>Sum of the targets' weights.</summary>
    public double LossWeight { get; } = Segments.Sum(segment => segment.LossWeight);
}

/// <summary>One optimizer step of the data plan.</summary>
public sealed record PlannedStep(IReadOnlyList<PackedRow> Rows, double EpochAtEnd)
{
    /// <summary>Targets that count.</summary>
    public int TrainedTokens { get; } = Rows.Sum(row => row.TrainedTokens);

    /// <summary>Sum of the targets' weights: the step's loss is the weighted mean over them.</summary>
    public double LossWeight { get; } = Rows.Sum(row => row.LossWeight);

    /// <summary>Source lines of all examples, for messages.</summary>
    public IEnumerable<int> SourceLines => Rows.SelectMany(row => row.Segments).Select(segment => segment.SourceLine);
}
