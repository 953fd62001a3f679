namespace Hearth.ControlPlane;

/// <summary>A fine-tuning job of any kind: supervised, preference, reinforcement, one reinforcement step. <see cref="JobKind"/> says what sets them apart.</summary>
public sealed record JobRecord
{
    public string CreatedBy { get; init; } = "";
    /// <summary>Ids of the user and the API key that created the job; its usage is theirs.</summary>
    public string User { get; init; } = "";
    public string KeyId { get; init; } = "";
    public required JobSpec Spec { get; init; }
    /// <summary>Fencing number of the trainer that may report; 0 while none may.</summary>
    public long Epoch { get; init; }
    public JobProgress? Progress { get; init; }
    /// <summary>Losses on the evaluation data set, once the job has completed; null without one.</summary>
    public JobEvaluation? Evaluation { get; init; }
    /// <summary>Ends of the trainer's process without getting further; null without any.</summary>
    public JobCrashes? Crashes { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
    public DateTimeOffset? CompletedTime { get; init; }
}

/// <summary>How often in a row the trainer's process ended by itself without getting beyond <paramref name="Step"/>, the furthest one.</summary>
public sealed record JobCrashes(int Step, int Count);

/// <summary>Mean loss over the trained tokens of the evaluation data set, in nats, before the first step and after the last.</summary>
public sealed record JobEvaluation(double LossBefore, double LossAfter);

/// <summary>What a job was asked to do, defaults filled in.</summary>
public sealed record JobSpec
{
    /// <summary>Empty for a kept-alive trainer, which gets its rows step by step.</summary>
    public required string Dataset { get; init; }
    public string EvaluationDataset { get; init; } = "";
    /// <summary>What scores rollouts; empty for kinds without them.</summary>
    public string Evaluator { get; init; } = "";
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
    /// <summary>A part of the rows is held out for evaluation.</summary>
    public bool EvaluationCarveout { get; init; }
    public bool EarlyStop { get; init; }
    /// <summary>Null: constant.</summary>
    public RateSchedule? Schedule { get; init; }
    public long Seed { get; init; }
    /// <summary>Tokens of the dataset times epochs, as far as the upload could tell.</summary>
    public long EstimatedTokens { get; init; }
    /// <summary>Parameters of the base model: prices go by them.</summary>
    public long ParameterCount { get; init; }
    /// <summary>Null for supervised jobs, whose loss is cross-entropy.</summary>
    public LossSettings? Loss { get; init; }
    /// <summary>Null for kinds without rollouts.</summary>
    public RolloutSettings? Rollouts { get; init; }
    public string DisplayName { get; init; } = "";
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";

    /// <summary>The rows and models that the job uses: they cannot be deleted while it is active.</summary>
    public IReadOnlyList<string> References() =>
        [.. new[] { Dataset, EvaluationDataset, Evaluator, BaseModel, WarmStartFrom }.Where(name => name != "").Distinct()];
}

/// <summary>Learning rate after the warm-up. In a draft a null ratio means the default: 0 and 1.</summary>
public sealed record RateSchedule(RateShape Shape, double? MinRatio, double? DecayRatio);

/// <summary>Loss of preference and reinforcement jobs. In a draft null means the default; in a stored job what does not apply is null.</summary>
public sealed record LossSettings
{
    public LossMethod? Method { get; init; }
    /// <summary>Weight of the divergence from the start model.</summary>
    public double? KlBeta { get; init; }
    public DpoSettings? Dpo { get; init; }
}

/// <summary>Settings of DPO. <paramref name="Beta"/> is the weight of the log-ratio; the other two bound the reference model's pass.</summary>
public sealed record DpoSettings(double? Beta, int? RefCacheConcurrency, int? RefCacheBatchSize);

/// <summary>Losses beyond cross-entropy.</summary>
public enum LossMethod { Grpo, Dapo, GspoToken, Dpo, Orpo }

/// <summary>How responses are sampled and scored. In a draft null means the default.</summary>
public sealed record RolloutSettings
{
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    /// <summary>0: off.</summary>
    public int? TopK { get; init; }
    public int? MaxOutputTokens { get; init; }
    /// <summary>Responses per prompt: the group that advantages are relative to.</summary>
    public int? Candidates { get; init; }
    /// <summary>More fields of a completion request, as a JSON object.</summary>
    public string? ExtraBody { get; init; }
    /// <summary>Prompts between two updates of the sampler; -1: the whole dataset.</summary>
    public int? ChunkSize { get; init; }
    /// <summary>Null: as the evaluator says.</summary>
    public int? MaxConcurrentRollouts { get; init; }
    /// <summary>Null: as the evaluator says.</summary>
    public int? MaxConcurrentEvaluations { get; init; }
}
