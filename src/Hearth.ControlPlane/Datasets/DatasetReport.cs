namespace Hearth.ControlPlane;

/// <summary>What a validation found: every fault, and the totals.</summary>
public sealed record DatasetReport
{
    public const int MaxFaultsKept = 10_000;

    public string File { get; init; } = "";
    public long Bytes { get; init; }
    /// <summary>As the contract spells it: CHAT, COMPLETION, RL or FORMAT_UNSPECIFIED.</summary>
    public string Format { get; init; } = "FORMAT_UNSPECIFIED";
    /// <summary>Our own name of the format: <see cref="RowFormats.Names"/>; empty where no row was good.</summary>
    public string HearthFormat { get; init; } = "";
    public long Rows { get; init; }
    /// <summary>Rows with at least one assistant message that counts in the loss.</summary>
    public long TrainableRows { get; init; }
    public FeatureRows Features { get; init; } = new();
    /// <summary>Messages of users.</summary>
    public long Turns { get; init; }
    public double AverageTurns { get; init; }
    /// <summary>A guess from the bytes, without a tokenizer.</summary>
    public long EstimatedTokens { get; init; }
    /// <summary>Bytes of the rows.</summary>
    public LengthHistogram RowBytes { get; init; } = new();
    public long FaultCount { get; init; }
    /// <summary>The first faults, in order of line; a stored report has them all (<see cref="DatasetReportFile"/>).</summary>
    public IReadOnlyList<RowFault> Faults { get; init; } = [];
    public IReadOnlyList<string> Warnings { get; init; } = [];
    public RowIndex Index { get; init; } = new();
}

/// <summary>How many rows hold what.</summary>
public sealed record FeatureRows
{
    public long Tools { get; init; }
    public long Thinking { get; init; }
    public long Images { get; init; }
    /// <summary>Messages with weight 0.</summary>
    public long MessageWeights { get; init; }
    /// <summary>A weight of the row's own.</summary>
    public long SampleWeights { get; init; }
    /// <summary>No answer at the end.</summary>
    public long Prompts { get; init; }
    public long GroundTruth { get; init; }
}

/// <summary>Where some of the rows begin, so that any row is found by reading few others.</summary>
public sealed record RowIndex
{
    public const int Every = 1024;

    /// <summary>Byte offsets of rows 1, 1 + <see cref="Every"/>, 1 + 2 x <see cref="Every"/>, …; blank lines are not rows.</summary>
    public IReadOnlyList<long> Offsets { get; init; } = [];
    /// <summary>The lines that these rows stand on, from 1.</summary>
    public IReadOnlyList<long> Lines { get; init; } = [];
}
