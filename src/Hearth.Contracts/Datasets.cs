using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Rows to train or evaluate on.</summary>
public sealed record Dataset
{
    public double AverageTurnCount { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public long EstimatedTokenCount { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EmptyMessage? EvalProtocol { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EvaluationResult? EvaluationResult { get; init; }
    public long ExampleCount { get; init; }
    public string ExternalUrl { get; init; } = "";
    public DatasetFormat Format { get; init; }
    public string Name { get; init; } = "";
    public string SourceJobName { get; init; } = "";
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Splitted? Splitted { get; init; }
    public UploadState State { get; init; }
    public Status? Status { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Transformed? Transformed { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EmptyMessage? UserUploaded { get; init; }
    /// <summary>What the rows are, in our own words: chat, prompts, kto, completion, preference, trajectories, batch; absent until the dataset is READY.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HearthFormat { get; init; }
    /// <summary>Address of the full validation report, once a file was uploaded.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? HearthReport { get; init; }
}

/// <summary>What a caller may set on a dataset.</summary>
public sealed record DatasetParam
{
    public string? DisplayName { get; init; }
    public EmptyMessage? EvalProtocol { get; init; }
    public EvaluationResult? EvaluationResult { get; init; }
    public long? ExampleCount { get; init; }
    public string? ExternalUrl { get; init; }
    public DatasetFormat? Format { get; init; }
    public string? SourceJobName { get; init; }
    public Splitted? Splitted { get; init; }
    public Transformed? Transformed { get; init; }
    public EmptyMessage? UserUploaded { get; init; }
}

/// <summary>Body of <c>POST datasets</c>.</summary>
public sealed record CreateDatasetRequest
{
    public string? DatasetId { get; init; }
    public DatasetParam? Dataset { get; init; }
    public string? SourceDatasetId { get; init; }
    public string? Filter { get; init; }
}

/// <summary>Answer to <c>datasets/{dataset}:upload</c>; spelled as OpenAI's file object.</summary>
public sealed record DatasetUpload
{
    public string Id { get; init; } = "";
    [JsonConverter(typeof(Int64AsNumber))]
    public long Bytes { get; init; }
    [JsonPropertyName("created_at"), JsonConverter(typeof(Int64AsNumber))]
    public long CreatedAt { get; init; }
    public string Filename { get; init; } = "";
    public string Object { get; init; } = "file";
    public string Purpose { get; init; } = "dataset";
}

/// <summary>Body of <c>datasets/{dataset}:getUploadEndpoint</c>: file names with their exact sizes in bytes.</summary>
public sealed record GetUploadEndpointRequest
{
    public IReadOnlyDictionary<string, long>? FilenameToSize { get; init; }
    public string? ReadMask { get; init; }
}

/// <summary>Body of <c>datasets/{dataset}:splitDataset</c>: the first of two new datasets gets a fraction or a number of the rows, the second the rest.</summary>
public sealed record SplitDatasetRequest
{
    public IReadOnlyList<string>? DatasetIds { get; init; }
    /// <summary>More than 0, less than 1.</summary>
    public double? Fraction { get; init; }
    public long? Rows { get; init; }
    /// <summary>The same seed divides the same rows in the same way.</summary>
    public long? Seed { get; init; }
}

/// <summary>The two parts of a split.</summary>
public sealed record SplitDatasetResponse
{
    public IReadOnlyList<Dataset> Datasets { get; init; } = [];
}

/// <summary>Where to PUT each file, or to GET it.</summary>
public sealed record SignedUrls
{
    public IReadOnlyDictionary<string, string> FilenameToSignedUrls { get; init; } = new Dictionary<string, string>();
}

/// <summary>The evaluation job that made a dataset.</summary>
public sealed record EvaluationResult
{
    public string EvaluationJobId { get; init; } = "";
}

/// <summary>The dataset that this one was split from.</summary>
public sealed record Splitted
{
    public string SourceDatasetId { get; init; } = "";
}

/// <summary>The dataset that this one was made from, and how.</summary>
public sealed record Transformed
{
    public string SourceDatasetId { get; init; } = "";
    public string Filter { get; init; } = "";
    public DatasetFormat OriginalFormat { get; init; }
}

/// <summary>What a row of a dataset holds. Members are spelled as on the wire.</summary>
public enum DatasetFormat
{
    FORMAT_UNSPECIFIED,
    CHAT,
    COMPLETION,
    RL
}

/// <summary>State of a dataset or a model: waiting for its files, or usable. Members are spelled as on the wire.</summary>
public enum UploadState
{
    STATE_UNSPECIFIED,
    UPLOADING,
    READY
}
