namespace Hearth.ControlPlane;

/// <summary>Defaults and limits of supervised jobs: docs/decisions/0002-defaults.md.</summary>
public static class SupervisedJobDefaults
{
    public const double Epochs = 1;
    public const int LoraRank = 8;
    public const int MaxContextLength = 8192;
    public const int BatchSizeTokens = 32_768;
    public const double WeightDecay = 0.01;
    public const long MaxExamples = 3_000_000;

    /// <summary>
    /// Learning rate by model size. With alpha = 2 x rank the best rate hardly depends on the rank (Schulman et al., "LoRA Without
    /// Regret", 2025), so there is one column. 3e-3 was measured on a 2.3 M model, rank 16; 1e-4 is the platform cookbook's advice for
    /// models of 8 B and more; between them the rate falls with width.
    /// </summary>
    public static double LearningRate(long parameters) => parameters switch
    {
        <= 20_000_000 => 3e-3,
        <= 400_000_000 => 1e-3,
        <= 2_000_000_000 => 5e-4,
        <= 8_000_000_000 => 2e-4,
        _ => 1e-4,
    };

    /// <summary>All faults of a draft that need no other resource.</summary>
    public static IEnumerable<FieldFault> Faults(SupervisedJobDraft draft)
    {
        if (string.IsNullOrEmpty(draft.Dataset)) yield return new("dataset", "is required: the dataset to train on.");
        if (string.IsNullOrEmpty(draft.BaseModel) == string.IsNullOrEmpty(draft.WarmStartFrom))
            yield return new("baseModel", "give exactly one of baseModel and warmStartFrom.");
        if (draft.Epochs is not (null or (> 0 and < 1_000_000))) yield return new("epochs", "must be a number above 0.");
        if (draft.LearningRate is not (null or (> 0 and <= 1))) yield return new("learningRate", "must be above 0 and at most 1.");
        if (draft.LoraRank is { } rank && !(rank is >= 1 and <= 64 && int.IsPow2(rank)))
            yield return new("loraRank", "must be a power of two from 1 to 64.");
        if (draft.MaxContextLength is not (null or >= 16)) yield return new("maxContextLength", "must be at least 16.");
        if (draft.BatchSizeTokens is not (null or > 0)) yield return new("batchSize", "must be above 0 (tokens).");
        if (draft.BatchSizeSamples is not (null or > 0)) yield return new("batchSizeSamples", "must be above 0 (rows).");
        if (draft.GradientAccumulationSteps is not (null or > 0)) yield return new("gradientAccumulationSteps", "must be above 0.");
        if (draft.WarmupSteps is not (null or >= 0)) yield return new("learningRateWarmupSteps", "must be 0 or more.");
        if (draft.WeightDecay is not (null or >= 0)) yield return new("optimizerWeightDecay", "must be 0 or more.");
    }
}
