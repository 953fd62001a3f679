namespace Hearth.ControlPlane;

/// <summary>An evaluator: code that scores a model's answers. It is BUILDING until its code is there and checked.</summary>
public sealed record EvaluatorRecord
{
    public const string Building = "BUILDING";
    public const string Active = "ACTIVE";
    public const string BuildFailed = "BUILD_FAILED";

    public string CreatedBy { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
    public string EntryPoint { get; init; } = "";
    /// <summary>SHA-256 of the uploaded archive; empty until one is there.</summary>
    public string Blob { get; init; } = "";
    public string FileName { get; init; } = "";
    /// <summary>The code was looked through and nothing speaks against running it.</summary>
    public bool HasCode { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
}
