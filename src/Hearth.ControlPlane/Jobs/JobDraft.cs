namespace Hearth.ControlPlane;

/// <summary>A job as asked for: null where the default is wanted.</summary>
public sealed record JobDraft
{
    public string? Dataset { get; init; }
    public string? EvaluationDataset { get; init; }
    public string? Evaluator { get; init; }
    public string? BaseModel { get; init; }
    public string? WarmStartFrom { get; init; }
    public string? OutputModel { get; init; }
    public double? Epochs { get; init; }
    public double? LearningRate { get; init; }
    public int? LoraRank { get; init; }
    public int? MaxContextLength { get; init; }
    public int? BatchSizeTokens { get; init; }
    public int? BatchSizeSamples { get; init; }
    public int? GradientAccumulationSteps { get; init; }
    public int? WarmupSteps { get; init; }
    public double? WeightDecay { get; init; }
    public string? JinjaTemplate { get; init; }
    public bool EvaluationCarveout { get; init; }
    public bool EarlyStop { get; init; }
    public RateSchedule? Schedule { get; init; }
    public long? Seed { get; init; }
    public LossSettings Loss { get; init; } = new();
    public RolloutSettings Rollouts { get; init; } = new();
    /// <summary>A reinforcement step that stays for more steps: it may begin without rows.</summary>
    public bool KeepAlive { get; init; }
    /// <summary>Trains all weights by calls from outside; only with LoRA rank 0.</summary>
    public bool ServiceMode { get; init; }
    /// <summary>Deployments that the job samples from or loads into, each with the field that names it.</summary>
    public IReadOnlyList<(string Field, string Name)> Deployments { get; init; } = [];
    /// <summary>Weights of named scores, each as <c>name=number</c>.</summary>
    public IReadOnlyList<string> RewardWeights { get; init; } = [];
    /// <summary>An http address, or a resource's name.</summary>
    public string? McpServer { get; init; }
    public int? NodeCount { get; init; }
    public int? MaxInferenceReplicaCount { get; init; }
    public WandbDraft? Wandb { get; init; }
    public string DisplayName { get; init; } = "";
    public string Echo { get; init; } = "{}";
}

/// <summary>Where to report to. The key becomes a secret of the job (rule S4).</summary>
public sealed record WandbDraft(bool Enabled, string ApiKey, string Project, string Entity);
