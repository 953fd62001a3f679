using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>A reinforcement fine-tuning job.</summary>
public sealed record ReinforcementFineTuningJob
{
    public string Dataset { get; init; } = "";
    public string Evaluator { get; init; } = "";
    public IReadOnlyDictionary<string, string> AcceleratorSeconds { get; init; } = new Dictionary<string, string>();
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public int ChunkSize { get; init; }
    public DateTimeOffset? CompletedTime { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public bool EvalAutoCarveout { get; init; }
    public string EvaluationDataset { get; init; } = "";
    public RolloutParameters? InferenceParameters { get; init; }
    public JobProgressReport? JobProgress { get; init; }
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public int MaxConcurrentEvaluations { get; init; }
    public int MaxConcurrentRollouts { get; init; }
    public int MaxInferenceReplicaCount { get; init; }
    public string McpServer { get; init; } = "";
    public string Name { get; init; } = "";
    public int NodeCount { get; init; }
    public string ReservationTarget { get; init; } = "";
    public string OutputMetrics { get; init; } = "";
    public string OutputStats { get; init; } = "";
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public string TrainerLogsSignedUrl { get; init; } = "";
    public TrainingConfig? TrainingConfig { get; init; }
    public WandbConfig? WandbConfig { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    public Money? EstimatedCost { get; init; }
    /// <summary>What the trainer last reported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TrainingProgress? HearthProgress { get; init; }
}

/// <summary>Body of <c>POST reinforcementFineTuningJobs</c>.</summary>
public sealed record ReinforcementFineTuningJobParam
{
    public string? Dataset { get; init; }
    public string? Evaluator { get; init; }
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public int? ChunkSize { get; init; }
    public string? DisplayName { get; init; }
    public bool? EvalAutoCarveout { get; init; }
    public string? EvaluationDataset { get; init; }
    public RolloutParameters? InferenceParameters { get; init; }
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public int? MaxConcurrentEvaluations { get; init; }
    public int? MaxConcurrentRollouts { get; init; }
    public int? MaxInferenceReplicaCount { get; init; }
    public string? McpServer { get; init; }
    public int? NodeCount { get; init; }
    public string? ReservationTarget { get; init; }
    public TrainingConfig? TrainingConfig { get; init; }
    public WandbConfig? WandbConfig { get; init; }
}

/// <summary>How responses are sampled during reinforcement fine-tuning.</summary>
public sealed record RolloutParameters
{
    /// <summary>More fields of a completion request: a JSON object in a string.</summary>
    public string? ExtraBody { get; init; }
    public int? MaxOutputTokens { get; init; }
    public int? ResponseCandidatesCount { get; init; }
    public double? Temperature { get; init; }
    public int? TopK { get; init; }
    public double? TopP { get; init; }
}
