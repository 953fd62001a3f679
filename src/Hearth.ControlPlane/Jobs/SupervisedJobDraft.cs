namespace Hearth.ControlPlane;

/// <summary>A job as asked for: null where the default is wanted.</summary>
public sealed record SupervisedJobDraft
{
    public string? Dataset { get; init; }
    public string? EvaluationDataset { get; init; }
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
    public long? Seed { get; init; }
    /// <summary>Becomes a secret of the job; null or empty: none.</summary>
    public string? WandbApiKey { get; init; }
    public string DisplayName { get; init; } = "";
    public string Echo { get; init; } = "{}";
}
