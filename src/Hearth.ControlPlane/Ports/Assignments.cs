namespace Hearth.ControlPlane;

/// <summary>What should run on this node: the control plane writes it, the node agent makes it so (rule R4).</summary>
/// <param name="Resource">Resource name: <c>accounts/a/supervisedFineTuningJobs/j</c> or <c>accounts/a/deployments/d</c>.</param>
/// <param name="Epoch">Fencing number; a report with a lower epoch is refused (rule R5).</param>
/// <param name="Trainer">Set when <paramref name="Kind"/> is <see cref="AssignmentKind.Trainer"/>.</param>
/// <param name="Replica">Set when <paramref name="Kind"/> is <see cref="AssignmentKind.Replica"/>.</param>
public sealed record Assignment(AssignmentKind Kind, string Resource, long Epoch, TrainerSpec? Trainer, ReplicaSpec? Replica);

/// <summary>The two kinds of process that a node runs (decision D6).</summary>
public enum AssignmentKind { Trainer, Replica }

/// <summary>Everything a trainer process needs; written as JSON into the job's run folder and resolved there.</summary>
public sealed record TrainerSpec
{
    /// <summary>Folder (Hugging Face layout) or GGUF file of the base model.</summary>
    public required string BaseModelPath { get; init; }
    /// <summary>Adapter folder (PEFT) to continue from, or null.</summary>
    public string? WarmStartPath { get; init; }
    /// <summary>Chat rows, JSON Lines.</summary>
    public required string DatasetPath { get; init; }
    public string? EvaluationDatasetPath { get; init; }
    /// <summary>Run folder: config.json, metrics.jsonl, checkpoints. The finished adapter is in <c>adapter/</c> below it.</summary>
    public required string RunFolder { get; init; }
    public required double Epochs { get; init; }
    public required double LearningRate { get; init; }
    public required int LoraRank { get; init; }
    public required int MaxContextLength { get; init; }
    /// <summary>Tokens of one optimizer step; ignored where <see cref="BatchSizeSamples"/> is set.</summary>
    public required int BatchSizeTokens { get; init; }
    public int? BatchSizeSamples { get; init; }
    public int GradientAccumulationSteps { get; init; } = 1;
    /// <summary>Null: min(10, 3 % of the steps).</summary>
    public int? WarmupSteps { get; init; }
    public double WeightDecay { get; init; } = 0.01;
    public double MaxGradNorm { get; init; } = 1.0;
    public long Seed { get; init; }
    /// <summary>Holds a part of the rows out for evaluation where there is no <see cref="EvaluationDatasetPath"/>.</summary>
    public bool EvaluationCarveout { get; init; }
    public bool EarlyStop { get; init; }
    public RateShape Schedule { get; init; }
    /// <summary>Least learning rate of a falling schedule, as a part of the peak.</summary>
    public double MinRateRatio { get; init; }
    /// <summary>Part of the steps over which it falls.</summary>
    public double DecayRatio { get; init; } = 1;
    /// <summary>Jinja chat template that replaces the model's, or null.</summary>
    public string? ChatTemplate { get; init; }
}

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum RateShape { Constant, Linear, Cosine }

/// <summary>Everything a replica process needs.</summary>
public sealed record ReplicaSpec
{
    /// <summary>Folder or GGUF file of the base model.</summary>
    public required string ModelPath { get; init; }
    /// <summary>Resource name of the base model, as answers name it.</summary>
    public required string ModelName { get; init; }
    /// <summary>Adapters to hold, by model resource name.</summary>
    public IReadOnlyList<AddonSpec> Addons { get; init; } = [];
    public int? MaxContextLength { get; init; }
    /// <summary>Most tokens at a time that are guessed from repetitions; 0: none.</summary>
    public int NgramSpeculationLength { get; init; }
    /// <summary>How chats become prompts; null: as the model's files say.</summary>
    public ChatSettings? Chat { get; init; }
}

/// <summary>An adapter that a replica serves. <paramref name="Hash"/> is the SHA-256 of adapter_model.safetensors.</summary>
public sealed record AddonSpec(string ModelName, string AdapterPath, string Hash)
{
    /// <summary>How chats with this adapter become prompts: as in its training; null: as with the base model.</summary>
    public ChatSettings? Chat { get; init; }
}

/// <summary>What a model's owner, or the job that made it, says about its chats.</summary>
/// <param name="Template">Jinja that replaces the model's own; null: the model's own.</param>
/// <param name="System">Text of a system message for chats that have none; null: none is added.</param>
public sealed record ChatSettings(string? Template, string? System);

/// <summary>The node agent's view of the desired state.</summary>
public interface IAssignments
{
    /// <summary>All assignments of this node, in order of resource name.</summary>
    ValueTask<IReadOnlyList<Assignment>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Completes when the list may have changed, or after one second.</summary>
    ValueTask WaitForChangeAsync(CancellationToken cancellationToken);
}

/// <summary>What node agents report. Each method answers false where the epoch is no longer current: the process must then stop (rule R5).</summary>
public interface INodeReports
{
    ValueTask<bool> JobProgressAsync(string job, long epoch, JobProgress progress, CancellationToken cancellationToken);
    ValueTask<bool> JobCompletedAsync(string job, long epoch, TrainedAdapter adapter, CancellationToken cancellationToken);
    /// <summary>The trainer found that the job cannot be done.</summary>
    ValueTask<bool> JobFailedAsync(string job, long epoch, string reason, CancellationToken cancellationToken);
    /// <summary>The trainer's process ended by itself, without a word: it may be tried again.</summary>
    ValueTask<bool> JobCrashedAsync(string job, long epoch, string reason, CancellationToken cancellationToken);
    /// <summary>The disk is full: the job waits until there is room.</summary>
    ValueTask<bool> JobStalledAsync(string job, long epoch, CancellationToken cancellationToken);
    ValueTask<bool> ReplicaReadyAsync(string deployment, long epoch, string socketPath, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken);
    /// <summary>What the replica's engine does; sent every few seconds.</summary>
    /// <param name="replica">Which process: a name of no meaning.</param>
    ValueTask<bool> ReplicaFiguresAsync(string deployment, long epoch, string replica, ReplicaFigures figures, CancellationToken cancellationToken);
    ValueTask<bool> ReplicaExitedAsync(string deployment, long epoch, string reason, CancellationToken cancellationToken);
}

/// <summary>Progress of a training job after an optimizer step. Losses are means over the tokens that count, in nats; TrainedTokens are those of all rows so far, prompts included.</summary>
public sealed record JobProgress(int Step, int TotalSteps, double Loss, double TokensPerSecond, long TrainedTokens, double Epoch, double SecondsLeft);

/// <summary>
/// A finished adapter in PEFT's format and the figures of its run. Evaluation losses are means over the trained tokens of the evaluation data set,
/// before the first step and after the last; null where the job has none.
/// </summary>
public sealed record TrainedAdapter(
    string Folder, string Hash, int Steps, long TrainedTokens, double FinalLoss, double Seconds,
    double? EvaluationLossBefore = null, double? EvaluationLossAfter = null, bool EarlyStopped = false);
