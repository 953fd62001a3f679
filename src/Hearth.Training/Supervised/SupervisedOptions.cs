namespace Hearth.Training;

/// <summary>A supervised fine-tuning run of a LoRA adapter: everything that decides its result. Defaults: docs/decisions/0002-defaults.md.</summary>
public sealed record SupervisedOptions
{
    /// <summary>Hugging Face folder or GGUF file.</summary>
    public required string BaseModelPath { get; init; }
    /// <summary>Name written into adapter_config.json; default: the path's last part.</summary>
    public string? BaseModelName { get; init; }
    /// <summary>PEFT folder to continue from.</summary>
    public string? WarmStartPath { get; init; }
    /// <summary>JSON Lines of chat rows.</summary>
    public required string DatasetPath { get; init; }
    /// <summary>Rows whose loss is reported before the first step and after the last.</summary>
    public string? EvaluationDatasetPath { get; init; }
    /// <summary>Holds rows out of the data set for evaluation, where <see cref="EvaluationDatasetPath"/> is null: <see cref="Hearth.Training.EvaluationCarveout"/>.</summary>
    public bool EvaluationCarveout { get; init; }
    /// <summary>Ends the run when the evaluation loss has stopped falling, and keeps the weights of the lowest.</summary>
    public bool EarlyStop { get; init; }
    /// <summary>Folder for config.json, metrics.jsonl and the adapter.</summary>
    public required string RunFolder { get; init; }
    /// <summary>Passes over the data; a fraction is a part of the last.</summary>
    public double Epochs { get; init; } = 1;
    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 1e-4;
    /// <summary>R of every adapted projection.</summary>
    public int LoraRank { get; init; } = 8;
    /// <summary>Alpha; null: 2 x rank.</summary>
    public float? LoraAlpha { get; init; }
    /// <summary>Longest row in tokens; a longer one stops the run before step 1.</summary>
    public int MaxContextLength { get; init; } = 8192;
    /// <summary>Tokens of one optimizer step, where <see cref="BatchSizeSamples"/> is null.</summary>
    public int BatchSizeTokens { get; init; } = 32_768;
    /// <summary>Examples of one optimizer step.</summary>
    public int? BatchSizeSamples { get; init; }
    /// <summary>Batches added up for one optimizer step.</summary>
    public int GradientAccumulationSteps { get; init; } = 1;
    /// <summary>Warm-up steps; null: min(10, 3 % of the steps).</summary>
    public int? WarmupSteps { get; init; }
    /// <summary>Shape of the learning rate.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Constant;
    /// <summary>Least learning rate of a linear or cosine schedule, as a part of the peak.</summary>
    public double MinRateRatio { get; init; }
    /// <summary>Part of the steps after the warm-up over which a linear or cosine schedule falls.</summary>
    public double DecayRatio { get; init; } = 1;
    /// <summary>Optimizer settings.</summary>
    public AdamWOptions Optimizer { get; init; } = new();
    /// <summary>Seed of A, of the data order, of everything random.</summary>
    public ulong Seed { get; init; }
    /// <summary>Jinja template that replaces the model's.</summary>
    public string? ChatTemplate { get; init; }
    /// <summary>Compute threads; null: HEARTH_THREADS or all processors. Changes speed, never bits.</summary>
    public int? Threads { get; init; }
    /// <summary>Rows computed together; changes memory and speed, never bits.</summary>
    public int MicrobatchTokens { get; init; } = 1024;
    /// <summary>Goes on from the newest whole checkpoint in the run folder, where there is one of the same run. Otherwise what is there is replaced.</summary>
    public bool Resume { get; init; }
    /// <summary>Least time between two checkpoints, in seconds; one more is written when the run is cancelled. Changes nothing in the result.</summary>
    public double CheckpointSeconds { get; init; } = 60;

    /// <summary>Everything wrong with these options, in full sentences.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (!(Epochs > 0) || double.IsInfinity(Epochs)) problems.Add($"epochs is {Epochs}; it must be above 0.");
        if (!(LearningRate > 0) || LearningRate > 1) problems.Add($"learningRate is {LearningRate}; it must be above 0 and at most 1.");
        if (LoraRank is < 1 or > 128) problems.Add($"loraRank is {LoraRank}; it must be 1..128.");
        if (MaxContextLength < 2) problems.Add($"maxContextLength is {MaxContextLength}; it must be at least 2.");
        if (BatchSizeSamples is < 1) problems.Add($"batchSizeSamples is {BatchSizeSamples}; it must be at least 1.");
        if (BatchSizeSamples is null && BatchSizeTokens < 1) problems.Add($"batchSize is {BatchSizeTokens}; it must be at least 1 token.");
        if (GradientAccumulationSteps < 1) problems.Add($"gradientAccumulationSteps is {GradientAccumulationSteps}; it must be at least 1.");
        if (WarmupSteps is < 0) problems.Add($"learningRateWarmupSteps is {WarmupSteps}; it must be at least 0.");
        if (EarlyStop && EvaluationDatasetPath is null && !EvaluationCarveout) problems.Add("earlyStop needs evaluation rows: give an evaluation data set or a carve-out.");
        if (!(MinRateRatio is >= 0 and <= 1)) problems.Add($"minLrRatio is {MinRateRatio}; it must be 0..1.");
        if (!(DecayRatio is > 0 and <= 1)) problems.Add($"decayRatio is {DecayRatio}; it must be above 0 and at most 1.");
        return problems;
    }
}

/// <summary>After an optimizer step. Loss: mean over its trained tokens, nats. TrainedTokens: of all rows so far, prompts included.</summary>
public sealed record TrainingProgress(int Step, int TotalSteps, double Loss, double LearningRate, double GradientNorm, double TokensPerSecond, long TrainedTokens, double Epoch, double SecondsLeft);

/// <summary>A finished run. TrainedTokens: of all its rows, prompts included. Evaluation losses are means over the evaluation rows' trained tokens; null without such rows.</summary>
public sealed record SupervisedResult(string AdapterFolder, int Steps, long TrainedTokens, double FinalLoss, double? EvaluationLossBefore, double? EvaluationLossAfter, double Seconds, bool EarlyStopped = false);

/// <summary>A run that must not go on; the message may be read by the job's owner.</summary>
public sealed class TrainingException(string message) : Exception(message);
