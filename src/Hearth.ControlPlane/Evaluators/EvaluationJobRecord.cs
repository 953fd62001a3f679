namespace Hearth.ControlPlane;

/// <summary>An evaluation of a dataset's rows by an evaluator, or the record of one that ran elsewhere.</summary>
public sealed record EvaluationJobRecord
{
    public string CreatedBy { get; init; } = "";
    public string Evaluator { get; init; } = "";
    public string InputDataset { get; init; } = "";
    public string OutputDataset { get; init; } = "";
    /// <summary>Means over the output's rows, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
    public string OutputStats { get; init; } = "";
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
}
