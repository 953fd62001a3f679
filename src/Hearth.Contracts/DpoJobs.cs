using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>A preference tuning job (DPO or ORPO).</summary>
public sealed record DpoJob
{
    public string Dataset { get; init; } = "";
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public DateTimeOffset? CompletedTime { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public string RendererHuggingFaceRepoId { get; init; } = "";
    public string Name { get; init; } = "";
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public string TrainerLogsSignedUrl { get; init; } = "";
    public TrainingConfig? TrainingConfig { get; init; }
    public string ReservationTarget { get; init; } = "";
    public bool UseReservation { get; init; }
    public WandbConfig? WandbConfig { get; init; }
    public JobProgressReport? JobProgress { get; init; }
    public Money? EstimatedCost { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    /// <summary>What the trainer last reported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TrainingProgress? HearthProgress { get; init; }
}

/// <summary>Body of <c>POST dpoJobs</c>.</summary>
public sealed record DpoJobParam
{
    public string? Dataset { get; init; }
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public string? DisplayName { get; init; }
    public ReinforcementLearningLossConfig? LossConfig { get; init; }
    public string? RendererHuggingFaceRepoId { get; init; }
    public string? ReservationTarget { get; init; }
    public TrainingConfig? TrainingConfig { get; init; }
    public bool? UseReservation { get; init; }
    public WandbConfig? WandbConfig { get; init; }
}

/// <summary>Where a job's metrics are.</summary>
public sealed record MetricsFileEndpoint
{
    public string SignedUrl { get; init; } = "";
}
