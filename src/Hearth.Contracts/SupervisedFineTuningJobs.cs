using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>A supervised fine-tuning job.</summary>
public sealed record SupervisedFineTuningJob
{
    public string Dataset { get; init; } = "";
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public string BaseModel { get; init; } = "";
    public int BatchSize { get; init; }
    public int BatchSizeSamples { get; init; }
    public int SamplerCheckpointSaveIntervalSteps { get; init; }
    public DateTimeOffset? CompletedTime { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public bool EarlyStop { get; init; }
    public double Epochs { get; init; }
    public Money? EstimatedCost { get; init; }
    public bool EvalAutoCarveout { get; init; }
    public string EvaluationDataset { get; init; } = "";
    public int GradientAccumulationSteps { get; init; }
    public bool IsTurbo { get; init; }
    public string JinjaTemplate { get; init; } = "";
    public JobProgressReport? JobProgress { get; init; }
    public double LearningRate { get; init; }
    public int LearningRateWarmupSteps { get; init; }
    public int LoraRank { get; init; }
    public int MaxContextLength { get; init; }
    public string MetricsFileSignedUrl { get; init; } = "";
    public bool MtpEnabled { get; init; }
    public bool MtpFreezeBaseModel { get; init; }
    public int MtpNumDraftTokens { get; init; }
    public string Name { get; init; } = "";
    public int Nodes { get; init; }
    public double OptimizerWeightDecay { get; init; }
    public string OutputModel { get; init; } = "";
    public Region Region { get; init; }
    public string RendererHuggingFaceRepoId { get; init; } = "";
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public string TrainerLogsSignedUrl { get; init; } = "";
    public DateTimeOffset? UpdateTime { get; init; }
    public string UsePurpose { get; init; } = "";
    public string ReservationTarget { get; init; } = "";
    public bool UseReservation { get; init; }
    public WandbConfig? WandbConfig { get; init; }
    public string WarmStartFrom { get; init; } = "";
    /// <summary>What the trainer last reported.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TrainingProgress? HearthProgress { get; init; }
    /// <summary>Losses on the evaluation data set, once the job has completed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EvaluationLosses? HearthEvaluation { get; init; }
    /// <summary>Seed of the adapter's start and of the order of rows.</summary>
    public long HearthSeed { get; init; }
}

/// <summary>Body of <c>POST supervisedFineTuningJobs</c>.</summary>
public sealed record SupervisedFineTuningJobParam
{
    public string? Dataset { get; init; }
    public AwsS3Config? AwsS3Config { get; init; }
    public AzureBlobStorageConfig? AzureBlobStorageConfig { get; init; }
    public string? BaseModel { get; init; }
    public int? BatchSize { get; init; }
    public int? BatchSizeSamples { get; init; }
    public int? SamplerCheckpointSaveIntervalSteps { get; init; }
    public string? DisplayName { get; init; }
    public bool? EarlyStop { get; init; }
    public double? Epochs { get; init; }
    public bool? EvalAutoCarveout { get; init; }
    public string? EvaluationDataset { get; init; }
    public int? GradientAccumulationSteps { get; init; }
    public bool? IsTurbo { get; init; }
    public string? JinjaTemplate { get; init; }
    public double? LearningRate { get; init; }
    public int? LearningRateWarmupSteps { get; init; }
    public int? LoraRank { get; init; }
    public int? MaxContextLength { get; init; }
    public string? MetricsFileSignedUrl { get; init; }
    public bool? MtpEnabled { get; init; }
    public bool? MtpFreezeBaseModel { get; init; }
    public int? MtpNumDraftTokens { get; init; }
    public int? Nodes { get; init; }
    public double? OptimizerWeightDecay { get; init; }
    public string? OutputModel { get; init; }
    public Region? Region { get; init; }
    public string? RendererHuggingFaceRepoId { get; init; }
    public string? UsePurpose { get; init; }
    public string? ReservationTarget { get; init; }
    public bool? UseReservation { get; init; }
    public WandbConfig? WandbConfig { get; init; }
    public string? WarmStartFrom { get; init; }
    public long? HearthSeed { get; init; }
}

/// <summary>Progress of a job in the contract's terms.</summary>
public sealed record JobProgressReport
{
    public int CachedInputTokenCount { get; init; }
    public int Epoch { get; init; }
    public int FailedRequests { get; init; }
    public int InputTokens { get; init; }
    public int OutputRows { get; init; }
    public int OutputTokens { get; init; }
    public int Percent { get; init; }
    public int SuccessfullyProcessedRequests { get; init; }
    public int TotalInputRequests { get; init; }
    public int TotalProcessedRequests { get; init; }
}

/// <summary>Progress of a training run. Loss is the mean over trained tokens, in nats.</summary>
public sealed record TrainingProgress
{
    public int Step { get; init; }
    public int TotalSteps { get; init; }
    public double Loss { get; init; }
    public double TokensPerSecond { get; init; }
    public long TrainedTokens { get; init; }
    public double Epoch { get; init; }
    public double SecondsLeft { get; init; }
}

/// <summary>Mean loss over the trained tokens of the evaluation data set, in nats, before the first step and after the last.</summary>
public sealed record EvaluationLosses
{
    public double LossBefore { get; init; }
    public double LossAfter { get; init; }
}

/// <summary>An amount of money: whole units and billionths.</summary>
public sealed record Money
{
    public string CurrencyCode { get; init; } = "";
    public int Nanos { get; init; }
    public string Units { get; init; } = "";
}

/// <summary>Credentials for a dataset in an S3 bucket.</summary>
public sealed record AwsS3Config
{
    public string? CredentialsSecret { get; init; }
    public string? IamRoleArn { get; init; }
}

/// <summary>Credentials for a dataset in Azure Blob Storage.</summary>
public sealed record AzureBlobStorageConfig
{
    public string? CredentialsSecret { get; init; }
    public string? ManagedIdentityClientId { get; init; }
    public string? TenantId { get; init; }
}

/// <summary>Weights &amp; Biases run to report to.</summary>
public sealed record WandbConfig
{
    public string ApiKey { get; init; } = "";
    public bool Enabled { get; init; }
    public string Entity { get; init; } = "";
    public string Project { get; init; } = "";
    public string RunId { get; init; } = "";
    public string Url { get; init; } = "";
}

/// <summary>State of a long-running job. Members are spelled as on the wire.</summary>
public enum JobState
{
    JOB_STATE_UNSPECIFIED, JOB_STATE_CREATING, JOB_STATE_RUNNING, JOB_STATE_COMPLETED, JOB_STATE_FAILED, JOB_STATE_CANCELLED,
    JOB_STATE_DELETING, JOB_STATE_WRITING_RESULTS, JOB_STATE_VALIDATING, JOB_STATE_DELETING_CLEANING_UP, JOB_STATE_PENDING,
    JOB_STATE_EXPIRED, JOB_STATE_RE_QUEUEING, JOB_STATE_CREATING_INPUT_DATASET, JOB_STATE_IDLE, JOB_STATE_CANCELLING,
    JOB_STATE_EARLY_STOPPED, JOB_STATE_PAUSED
}
