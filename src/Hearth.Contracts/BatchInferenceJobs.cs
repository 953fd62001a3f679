using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>The rows of a dataset, each answered once.</summary>
public sealed record BatchInferenceJob
{
    public string ContinuedFromJobName { get; init; } = "";
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public BatchInferenceParameters? InferenceParameters { get; init; }
    public string InputDatasetId { get; init; } = "";
    public JobProgressReport? JobProgress { get; init; }
    public string Model { get; init; } = "";
    public string Name { get; init; } = "";
    public string OutputDatasetId { get; init; } = "";
    public Precision Precision { get; init; }
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    /// <summary>From then on no row is answered any more.</summary>
    public DateTimeOffset? ExpireTime { get; init; }
    public BatchLifecycle? Lifecycle { get; init; }
    /// <summary><c>86400s</c></summary>
    public string MaxJobDuration { get; init; } = "";
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Placement? Placement { get; init; }
    public string SystemPrompt { get; init; } = "";
    /// <summary>No replica serves the model yet.</summary>
    public bool WaitingOnCapacity { get; init; }
}

/// <summary>What a caller may set on a batch inference job.</summary>
public sealed record BatchInferenceJobParam
{
    public string? ContinuedFromJobName { get; init; }
    public string? DisplayName { get; init; }
    public BatchInferenceParameters? InferenceParameters { get; init; }
    public string? InputDatasetId { get; init; }
    /// <summary><c>43200s</c>, <c>86400s</c>, <c>172800s</c> or <c>259200s</c>.</summary>
    public string? MaxJobDuration { get; init; }
    public string? Model { get; init; }
    public string? OutputDatasetId { get; init; }
    public Placement? Placement { get; init; }
    public Precision? Precision { get; init; }
    public string? SystemPrompt { get; init; }
}

/// <summary>How rows are answered where they do not say otherwise.</summary>
public sealed record BatchInferenceParameters
{
    /// <summary>More fields of a chat completion, as a JSON object in a string.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExtraBody { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxTokens { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? N { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TopK { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopP { get; init; }
}

/// <summary>When a batch job passed which point.</summary>
public sealed record BatchLifecycle
{
    public DateTimeOffset? ValidatedTime { get; init; }
    public DateTimeOffset? RunStartTime { get; init; }
    public DateTimeOffset? EndTime { get; init; }
}
