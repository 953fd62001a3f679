namespace Hearth.ControlPlane;

/// <summary>What sets one collection of fine-tuning jobs apart. Everything else (checks, states, verbs, reports) is the same for all.</summary>
public sealed record JobKind
{
    private JobKind(string collection, string feature) => (Collection, Feature) = (collection, feature);

    public string Collection { get; }

    /// <summary>What the job does, as a refusal names it.</summary>
    public string Feature { get; }

    /// <summary>This server has a trainer for it. A job without one is checked, kept, and fails at once with UNIMPLEMENTED.</summary>
    public bool HasTrainer { get; private init; }

    /// <summary>Where a request holds the settings that all kinds share: empty, or the field's name and a dot.</summary>
    public string Prefix { get; private init; } = "trainingConfig.";

    /// <summary>Formats of the rows that it trains on.</summary>
    public IReadOnlyList<RowFormat> Rows { get; private init; } = [RowFormat.Chat];

    /// <summary>Prompts alone are enough: answers are sampled.</summary>
    public bool SamplesAnswers { get; private init; }

    public int MinRank { get; private init; } = 1;
    public int MaxRank { get; private init; } = 64;

    /// <summary>Losses to choose from, the default first; empty where there is no choice.</summary>
    public IReadOnlyList<LossMethod> Losses { get; private init; } = [];

    /// <summary>A continued adapter must have been trained with the same settings.</summary>
    public bool ContinuesUnchanged { get; private init; }

    public static JobKind Supervised { get; } = new(ResourceKind.SupervisedFineTuningJobs, "Supervised fine-tuning")
    {
        HasTrainer = true,
        Prefix = "",
        Rows = [RowFormat.Chat, RowFormat.Completion],
    };

    public static JobKind Preference { get; } = new(ResourceKind.DpoJobs, "Preference tuning (DPO, ORPO)")
    {
        Rows = [RowFormat.Preference],
        Losses = [LossMethod.Dpo, LossMethod.Orpo],
    };

    public static JobKind Reinforcement { get; } = new(ResourceKind.ReinforcementFineTuningJobs, "Reinforcement fine-tuning")
    {
        Rows = [RowFormat.Prompts, RowFormat.Chat],
        SamplesAnswers = true,
        MinRank = 4,
        MaxRank = 128,
        Losses = [LossMethod.Grpo, LossMethod.Dapo, LossMethod.GspoToken],
    };

    public static JobKind ReinforcementStep { get; } = new(ResourceKind.RlorTrainerJobs, "Training by single reinforcement steps")
    {
        Rows = [RowFormat.Trajectories],
        MaxRank = 128,
        Losses = [LossMethod.Grpo, LossMethod.Dapo, LossMethod.GspoToken],
        ContinuesUnchanged = true,
    };

    private static readonly JobKind[] All = [Supervised, Preference, Reinforcement, ReinforcementStep];

    /// <summary>The kind of a job's name.</summary>
    public static JobKind Of(ResourceName name) => All.Single(kind => kind.Collection == name.Kind);
}
