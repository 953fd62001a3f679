namespace Hearth.ControlPlane;

/// <summary>An evaluator: code that scores a model's answers. It is BUILDING until its code is there.</summary>
public sealed record EvaluatorRecord
{
    public const string Building = "BUILDING";
    public const string Active = "ACTIVE";
    public const string BuildFailed = "BUILD_FAILED";

    public string CreatedBy { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
    /// <summary><c>path/test_file.py::test_function</c>; may be empty where the code came as criteria.</summary>
    public string EntryPoint { get; init; } = "";
    /// <summary>SHA-256 of each source file by name: the uploaded archive, or the criteria's files.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; init; } = new Dictionary<string, string>();
    /// <summary>SHA-256 of the log of the last look at the code; empty before.</summary>
    public string LogBlob { get; init; } = "";
    /// <summary>The code was looked through and nothing speaks against running it.</summary>
    public bool HasCode { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";

    internal IReadOnlyList<string> Blobs() => [.. Sources.Values.Append(LogBlob).Where(blob => blob != "").Distinct()];
}

/// <summary>An evaluator as asked for.</summary>
public sealed record EvaluatorDraft
{
    public string EntryPoint { get; init; } = "";
    public string DefaultDataset { get; init; } = "";
    /// <summary>Code given as text; empty where it comes as an archive.</summary>
    public IReadOnlyList<CodeCriterion> Criteria { get; init; } = [];
    public string Echo { get; init; } = "{}";
}

/// <summary>Code of one criterion: files by name, and where they begin.</summary>
public sealed record CodeCriterion(string Name, string Language, IReadOnlyDictionary<string, string> Files, string EntryFile, string EntryFunction);
