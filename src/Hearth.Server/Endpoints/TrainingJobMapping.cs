using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Mappings that the collections of fine-tuning jobs share.</summary>
internal static class TrainingJobMapping
{
    /// <summary>The settings of <c>trainingConfig</c> and <c>lossConfig</c>; the rest is the collection's own.</summary>
    public static JobDraft ToDraft(TrainingConfig? training, ReinforcementLearningLossConfig? loss) =>
        ToDraft(training ?? new()) with { Loss = ToSettings(loss ?? new()) };

    /// <summary>The settings alone.</summary>
    public static JobDraft ToDraft(ITrainingSettings settings) => new()
    {
        BaseModel = settings.BaseModel,
        WarmStartFrom = settings.WarmStartFrom,
        OutputModel = settings.OutputModel,
        Epochs = settings.Epochs,
        LearningRate = settings.LearningRate,
        LoraRank = settings.LoraRank,
        MaxContextLength = settings.MaxContextLength,
        BatchSizeTokens = settings.BatchSize,
        BatchSizeSamples = settings.BatchSizeSamples,
        GradientAccumulationSteps = settings.GradientAccumulationSteps,
        WarmupSteps = settings.LearningRateWarmupSteps,
        WeightDecay = settings.OptimizerWeightDecay,
        JinjaTemplate = settings.JinjaTemplate,
    };

    public static TrainingConfig ToTrainingConfig(JobSpec spec, TrainingConfig? asked) => new()
    {
        BaseModel = spec.WarmStartFrom == "" ? spec.BaseModel : "",
        WarmStartFrom = spec.WarmStartFrom,
        OutputModel = spec.OutputModel,
        Epochs = spec.Epochs,
        LearningRate = spec.LearningRate,
        LearningRateWarmupSteps = spec.WarmupSteps ?? 0,
        LoraRank = spec.LoraRank,
        MaxContextLength = spec.MaxContextLength,
        BatchSize = spec.BatchSizeTokens,
        BatchSizeSamples = spec.BatchSizeSamples ?? 0,
        GradientAccumulationSteps = spec.GradientAccumulationSteps,
        OptimizerWeightDecay = spec.WeightDecay,
        JinjaTemplate = spec.JinjaTemplate,
        Region = asked?.Region ?? Region.REGION_UNSPECIFIED,
        SamplerCheckpointSaveIntervalSteps = asked?.SamplerCheckpointSaveIntervalSteps ?? 0,
    };

    public static ReinforcementLearningLossConfig ToLossConfig(LossSettings loss) => new()
    {
        Method = Enum.Parse<RlLossMethod>(JobRules.Spell(loss.Method!.Value)),
        KlBeta = loss.KlBeta ?? 0,
        Dpo = loss.Dpo is not { } dpo ? null : new()
        {
            Beta = dpo.Beta,
            RefCacheConcurrency = dpo.RefCacheConcurrency ?? 0,
            RefCacheBatchSize = dpo.RefCacheBatchSize ?? 0,
        },
    };

    /// <summary>What the job's tokens cost by the prices of <paramref name="time"/>: an upper bound, since what stops early is billed for what it trained.</summary>
    public static Money EstimatedCost(Call call, JobSpec spec, DateTimeOffset time)
    {
        var table = call.Service<Prices>().At(time);
        return Money.Of(spec.EstimatedTokens * table.TrainedToken(spec.ParameterCount), table.Currency);
    }

    public static WandbDraft? ToDraft(WandbConfig? wandb) => wandb is null ? null : new(wandb.Enabled, wandb.ApiKey, wandb.Project, wandb.Entity);

    /// <summary>The key becomes a secret of the job: it is never returned, so it is not kept here (rule S4).</summary>
    public static WandbConfig? WithoutKey(WandbConfig? wandb) => wandb is null ? null : wandb with { ApiKey = "" };

    public static JobProgressReport? ToReport(Stored<JobRecord> job) => job.Value.Progress is not { } progress ? null : new()
    {
        Percent = job.Row.State == JobStates.Completed ? 100 : (int)(100L * progress.Step / Math.Max(1, progress.TotalSteps)),
        Epoch = (int)progress.Epoch,
        InputTokens = (int)Math.Min(int.MaxValue, progress.TrainedTokens),
    };

    public static TrainingProgress? ToProgress(JobRecord job) => job.Progress is not { } progress ? null : new()
    {
        Step = progress.Step,
        TotalSteps = progress.TotalSteps,
        Loss = progress.Loss,
        TokensPerSecond = progress.TokensPerSecond,
        TrainedTokens = progress.TrainedTokens,
        Epoch = progress.Epoch,
        SecondsLeft = progress.SecondsLeft,
    };

    private static LossSettings ToSettings(ReinforcementLearningLossConfig loss) => new()
    {
        Method = loss.Method is null or RlLossMethod.METHOD_UNSPECIFIED ? null : Enum.Parse<LossMethod>(loss.Method.Value.ToString().Replace("_", ""), ignoreCase: true),
        KlBeta = loss.KlBeta,
        Dpo = loss.Dpo is { } dpo ? new(dpo.Beta, dpo.RefCacheConcurrency, dpo.RefCacheBatchSize) : null,
    };
}
