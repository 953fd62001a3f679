namespace Hearth.ControlPlane;

/// <summary>A rejected line: where it is, which rule it breaks, and what to do.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Offset">Byte offset of the line's first byte in the file.</param>
public sealed record RowFault(long Line, long Offset, string Rule, string Remedy)
{
    public string Describe(string file) => $"{file}:{Line} (byte {Offset}): {Rule}. {Remedy}";
}

/// <summary>What a validation found: every fault, and the totals.</summary>
public sealed record DatasetReport
{
    public const int MaxFaultsKept = 10_000;

    public string File { get; init; } = "";
    public long Bytes { get; init; }
    public string Format { get; init; } = "FORMAT_UNSPECIFIED";
    public long Rows { get; init; }
    public long TrainableRows { get; init; }
    public long EstimatedTokens { get; init; }
    public double AverageTurns { get; init; }
    public long FaultCount { get; init; }
    /// <summary>The first <see cref="MaxFaultsKept"/> faults, in order of line.</summary>
    public IReadOnlyList<RowFault> Faults { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
