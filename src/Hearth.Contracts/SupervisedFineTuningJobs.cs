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
    /// <summary>The first rows as the model reads them, JSON Lines.</summary>
    public string RenderSamplesSignedUrl { get; init; } = "";
    public LrScheduler? LrScheduler { get; init; }
    /// <summary>What the owner should look at, in full sentences.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? HearthWarnings { get; init; }
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
public sealed record SupervisedFineTuningJobParam : ITrainingSettings
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
    public LrScheduler? LrScheduler { get; init; }
    public long? HearthSeed { get; init; }
}

/// <summary>Learning rate after the warm-up: one of the three.</summary>
public sealed record LrScheduler
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EmptyMessage? Constant { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FallingRate? Linear { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public FallingRate? Cosine { get; init; }
}

/// <summary>A schedule that falls.</summary>
public sealed record FallingRate
{
    /// <summary>Least rate, as a part of the peak: 0 to 1.</summary>
    public double? MinLrRatio { get; init; }
    /// <summary>Part of the steps over which it falls: above 0, at most 1.</summary>
    public double? DecayRatio { get; init; }
}

/// <summary>Answer of <c>supervisedFineTuningJobs:estimateCost</c>.</summary>
public sealed record CostEstimate
{
    public Money EstimatedCost { get; init; } = new();
    /// <summary>Tokens of the dataset times epochs, estimated at its upload.</summary>
    public long HearthTokens { get; init; }
}
