using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>One reinforcement step, or a trainer that is kept for several.</summary>
public sealed record RlorTrainerJob
{
    public IReadOnlyDictionary<string, string> AcceleratorSeconds { get; init; } = new Dictionary<string, string>();
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public DateTimeOffset? CompletedTime { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string Dataset { get; init; } = "";
    public string DirectRouteHandle { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public bool EvalAutoCarveout { get; init; }
    public string EvaluationDataset { get; init; } = "";
    public bool ForwardOnly { get; init; }
    public string HotLoadDeploymentId { get; init; } = "";
    public JobProgressReport? JobProgress { get; init; }
    public bool KeepAlive { get; init; }
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public string Name { get; init; } = "";
    public int NodeCount { get; init; }
    public IReadOnlyList<string> RewardWeights { get; init; } = [];
    public string RolloutDeploymentName { get; init; } = "";
    public bool ServiceMode { get; init; }
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public TrainingConfig? TrainingConfig { get; init; }
    public string UsePurpose { get; init; } = "";
    public WandbConfig? WandbConfig { get; init; }
    /// <summary>What the trainer last reported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TrainingProgress? HearthProgress { get; init; }
}

/// <summary>Body of <c>POST rlorTrainerJobs</c>.</summary>
public sealed record RlorTrainerJobParam
{
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public string? Dataset { get; init; }
    public string? DisplayName { get; init; }
    public bool? EvalAutoCarveout { get; init; }
    public string? EvaluationDataset { get; init; }
    public bool? ForwardOnly { get; init; }
    public string? HotLoadDeploymentId { get; init; }
    public bool? KeepAlive { get; init; }
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public int? NodeCount { get; init; }
    public IReadOnlyList<string>? RewardWeights { get; init; }
    public string? RolloutDeploymentName { get; init; }
    public bool? ServiceMode { get; init; }
    public TrainingConfig? TrainingConfig { get; init; }
    public string? UsePurpose { get; init; }
    public WandbConfig? WandbConfig { get; init; }
}

/// <summary>Body of <c>:executeTrainStep</c>.</summary>
public sealed record ExecuteTrainStepRequest
{
    public string? Dataset { get; init; }
    public string? OutputModel { get; init; }
}
