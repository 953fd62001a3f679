using System.Globalization;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What is wrong with a draft that needs no other resource to be seen.</summary>
public static class JobRules
{
    /// <summary>Refuses a draft with all its faults in one message. Ranges of reinforcement jobs are called rollout parameters, as documented.</summary>
    public static void Require(JobKind kind, JobDraft draft)
    {
        if (draft is { LoraRank: 0, ServiceMode: false } && !kind.SamplesAnswers) throw HearthException.Unimplemented("Full-parameter tuning (loraRank 0)");
        if (kind.HasTrainer && draft.Wandb?.Enabled == true) throw HearthException.Unimplemented("Reporting to Weights & Biases (wandbConfig)");
        var ranges = kind.SamplesAnswers ? RolloutRules.Faults(kind, draft).ToList() : [];
        Throw([.. SettingFaults(kind, draft), .. LossFaults(kind, draft.Loss), .. OtherFaults(draft), .. ranges], ranges.Count > 0 ? "Invalid rollout parameters: " : "");
    }

    /// <summary>All problems in one message; none, no exception.</summary>
    public static void Throw(IReadOnlyList<FieldFault> faults, string opening = "")
    {
        if (faults.Count == 0) return;
        var text = opening + string.Join(" ", faults.Select(fault => $"{fault.Field}: {fault.Description}"));
        throw new HearthException(ErrorCode.InvalidArgument, text) { Faults = faults, Param = faults[0].Field };
    }

    private static IEnumerable<FieldFault> SettingFaults(JobKind kind, JobDraft draft)
    {
        var prefix = kind.Prefix;
        if (string.IsNullOrEmpty(draft.Dataset) && !draft.KeepAlive && !draft.ServiceMode)
            yield return new("dataset", "is required: the dataset to train on.");
        if (kind.SamplesAnswers && string.IsNullOrEmpty(draft.Evaluator)) yield return new("evaluator", "is required: the evaluator that scores responses.");
        if (string.IsNullOrEmpty(draft.BaseModel) == string.IsNullOrEmpty(draft.WarmStartFrom))
            yield return new($"{prefix}baseModel", "give exactly one of baseModel and warmStartFrom.");
        if (draft.MaxContextLength is not (null or >= 16)) yield return new($"{prefix}maxContextLength", "must be at least 16.");
        if (draft.BatchSizeTokens is not (null or > 0)) yield return new($"{prefix}batchSize", "must be above 0 (tokens).");
        if (draft.BatchSizeSamples is not (null or > 0)) yield return new($"{prefix}batchSizeSamples", "must be above 0 (rows).");
        if (draft.GradientAccumulationSteps is not (null or > 0)) yield return new($"{prefix}gradientAccumulationSteps", "must be above 0.");
        if (draft.WarmupSteps is not (null or >= 0)) yield return new($"{prefix}learningRateWarmupSteps", "must be 0 or more.");
        if (draft.EarlyStop && !draft.EvaluationCarveout && string.IsNullOrEmpty(draft.EvaluationDataset))
            yield return new($"{prefix}earlyStop", "needs rows to watch: give evaluationDataset, or set evalAutoCarveout.");
        if (draft.Schedule?.MinRatio is not (null or (>= 0 and <= 1))) yield return new("lrScheduler", "minLrRatio must be from 0 to 1.");
        if (draft.Schedule?.DecayRatio is not (null or (> 0 and <= 1))) yield return new("lrScheduler", "decayRatio must be above 0 and at most 1.");
        if (draft.WeightDecay is not (null or >= 0)) yield return new($"{prefix}optimizerWeightDecay", "must be 0 or more.");
        foreach (var fault in kind.SamplesAnswers ? [] : RangeFaults(kind, draft)) yield return fault;
    }

    // Reinforcement jobs have narrower ranges of their own: RolloutRules.
    private static IEnumerable<FieldFault> RangeFaults(JobKind kind, JobDraft draft)
    {
        if (draft.Epochs is not (null or (> 0 and < 1_000_000))) yield return new($"{kind.Prefix}epochs", "must be a number above 0.");
        if (draft.LearningRate is not (null or (> 0 and <= 1))) yield return new($"{kind.Prefix}learningRate", "must be above 0 and at most 1.");
        if (draft.ServiceMode && draft.LoraRank != 0) yield return new($"{kind.Prefix}loraRank", "must be 0 with serviceMode, which trains all weights.");
        if (draft is { ServiceMode: false, LoraRank: { } rank } && !IsRank(kind, rank))
            yield return new($"{kind.Prefix}loraRank", $"must be a power of two from {kind.MinRank} to {kind.MaxRank}.");
    }

    internal static bool IsRank(JobKind kind, int rank) => rank >= kind.MinRank && rank <= kind.MaxRank && int.IsPow2(rank);

    private static IEnumerable<FieldFault> LossFaults(JobKind kind, LossSettings loss)
    {
        if (kind.Losses.Count == 0) yield break;
        var method = loss.Method ?? kind.Losses[0];
        if (!kind.Losses.Contains(method))
            yield return new("lossConfig.method", $"{Spell(method)} is not a loss of {kind.Collection}. Choose one of {string.Join(", ", kind.Losses.Select(Spell))}.");
        if (loss.Dpo is not null && method != LossMethod.Dpo) yield return new("lossConfig.dpo", $"belongs to DPO; the loss is {Spell(method)}. Leave it out.");
        if (loss.Dpo?.Beta is not (null or (>= 0 and <= 0.5))) yield return new("lossConfig.dpo.beta", "must be from 0 to 0.5; 0 means the default.");
        if (loss.Dpo?.RefCacheConcurrency is < 0) yield return new("lossConfig.dpo.refCacheConcurrency", "must be 0 or more.");
        if (loss.Dpo?.RefCacheBatchSize is < 0) yield return new("lossConfig.dpo.refCacheBatchSize", "must be 0 or more.");
        if (loss.KlBeta is < 0) yield return new("lossConfig.klBeta", "must be 0 or more.");
        if (loss.KlBeta is > 0 && method is not (LossMethod.Grpo or LossMethod.GspoToken))
            yield return new("lossConfig.klBeta", $"{Spell(method)} has no KL term. Leave it out.");
    }

    private static IEnumerable<FieldFault> OtherFaults(JobDraft draft)
    {
        if (draft.Wandb is { Enabled: true } wandb && (wandb.ApiKey == "" || wandb.Project == "" || wandb.Entity == ""))
            yield return new("wandbConfig", "apiKey, project and entity are all needed where enabled is true.");
        if (draft.NodeCount is < 0) yield return new("nodeCount", "must be 0 or more; 0 means one.");
        if (draft.MaxInferenceReplicaCount is < 0) yield return new("maxInferenceReplicaCount", "must be 0 or more.");
        if (!string.IsNullOrEmpty(draft.McpServer) && !draft.McpServer.StartsWith("accounts/", StringComparison.Ordinal)
            && !(Uri.TryCreate(draft.McpServer, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"))
            yield return new("mcpServer", $"'{draft.McpServer}' is neither an http address nor a resource's name.");
        foreach (var weight in draft.RewardWeights.Where(weight => !IsWeight(weight)))
            yield return new("rewardWeights", $"'{weight}' is not of the form name=number, such as score=1.0.");
    }

    private static bool IsWeight(string text) =>
        text.Split('=') is [{ Length: > 0 }, var number] && double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) && double.IsFinite(weight);

    /// <summary>As the wire spells it.</summary>
    public static string Spell(LossMethod method) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(method.ToString());
}
