namespace Hearth.ControlPlane;

/// <summary>Defaults and limits of fine-tuning jobs: docs/decisions/0002-defaults.md.</summary>
public static class JobDefaults
{
    public const double Epochs = 1;
    public const int LoraRank = 8;
    public const int MaxContextLength = 8192;
    public const int BatchSizeTokens = 32_768;
    public const double WeightDecay = 0.01;
    public const long MaxExamples = 3_000_000;

    public const double ReinforcementLearningRate = 1e-4;
    public const double DpoBeta = 0.1;
    /// <summary>Of GRPO and GSPO; DAPO has no such term.</summary>
    public const double KlBeta = 0.001;
    public const double Temperature = 0.7;
    public const double TopP = 1;
    public const int TopK = 40;
    public const int MaxOutputTokens = 2048;
    public const int Candidates = 4;
    public const int ChunkSize = 200;

    /// <summary>A context that every model of this size may be tuned with.</summary>
    public const int LargeModelContext = 65_536;
    public const long LargeModelParameters = 70_000_000_000;

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

    /// <summary>The loss with its defaults; null for a kind without a choice.</summary>
    public static LossSettings? Fill(LossSettings draft, JobKind kind)
    {
        if (kind.Losses.Count == 0) return null;
        var method = draft.Method ?? kind.Losses[0];
        return new()
        {
            Method = method,
            KlBeta = method is LossMethod.Grpo or LossMethod.GspoToken ? draft.KlBeta ?? KlBeta : null,
            Dpo = method == LossMethod.Dpo ? (draft.Dpo ?? new(null, null, null)) with { Beta = draft.Dpo?.Beta is > 0 and var beta ? beta : DpoBeta } : null,
        };
    }

    /// <summary>The rollouts with their defaults; null for a kind without them. A response is never longer than the context.</summary>
    public static RolloutSettings? Fill(RolloutSettings draft, JobKind kind, int context) => !kind.SamplesAnswers ? null : draft with
    {
        Temperature = draft.Temperature ?? Temperature,
        TopP = draft.TopP ?? TopP,
        TopK = draft.TopK ?? TopK,
        MaxOutputTokens = draft.MaxOutputTokens ?? Math.Min(MaxOutputTokens, context),
        Candidates = draft.Candidates ?? Candidates,
        ExtraBody = draft.ExtraBody ?? "",
        ChunkSize = draft.ChunkSize ?? ChunkSize,
    };
}
