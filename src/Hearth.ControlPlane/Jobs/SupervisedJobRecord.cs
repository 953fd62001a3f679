namespace Hearth.ControlPlane;

/// <summary>A supervised fine-tuning job.</summary>
public sealed record SupervisedJobRecord
{
    public string CreatedBy { get; init; } = "";
    public required SupervisedJobSpec Spec { get; init; }
    /// <summary>Fencing number of the trainer that may report; 0 once none may.</summary>
    public long Epoch { get; init; }
    public JobProgress? Progress { get; init; }
    /// <summary>Losses on the evaluation data set, once the job has completed; null without one.</summary>
    public JobEvaluation? Evaluation { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
    public DateTimeOffset? CompletedTime { get; init; }
}

/// <summary>Mean loss over the trained tokens of the evaluation data set, in nats, before the first step and after the last.</summary>
public sealed record JobEvaluation(double LossBefore, double LossAfter);

/// <summary>What a job was asked to do, defaults filled in.</summary>
public sealed record SupervisedJobSpec
{
    public required string Dataset { get; init; }
    public string EvaluationDataset { get; init; } = "";
    public required string BaseModel { get; init; }
    public string WarmStartFrom { get; init; } = "";
    public required string OutputModel { get; init; }
    public required double Epochs { get; init; }
    public required double LearningRate { get; init; }
    public required int LoraRank { get; init; }
    public required int MaxContextLength { get; init; }
    public required int BatchSizeTokens { get; init; }
    public int? BatchSizeSamples { get; init; }
    public int GradientAccumulationSteps { get; init; } = 1;
    public int? WarmupSteps { get; init; }
    public double WeightDecay { get; init; } = 0.01;
    public string JinjaTemplate { get; init; } = "";
    public long Seed { get; init; }
    public string DisplayName { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
}
