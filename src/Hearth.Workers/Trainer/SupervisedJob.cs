using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Training;

namespace Hearth.Workers;

/// <summary>Runs the supervised recipe as a job's specification says.</summary>
internal static class SupervisedJob
{
    /// <summary>Trains to the end; the run folder holds config.json, metrics.jsonl and the adapter.</summary>
    /// <exception cref="TrainingException">The job is unfit, or its numbers are; the message is for its owner.</exception>
    public static TrainedAdapter Run(TrainerSpec spec, Action<JobProgress> report, CancellationToken cancellationToken)
    {
        var result = SupervisedRecipe.Run(OptionsOf(spec), new Reporter(report), PackedStore.Default, cancellationToken);
        return new TrainedAdapter(
            result.AdapterFolder, LoraAdapter.HashOf(result.AdapterFolder), result.Steps, result.TrainedTokens, result.FinalLoss, result.Seconds,
            result.EvaluationLossBefore, result.EvaluationLossAfter, result.EarlyStopped);
    }

    private static SupervisedOptions OptionsOf(TrainerSpec spec) => new()
    {
        BaseModelPath = spec.BaseModelPath,
        WarmStartPath = spec.WarmStartPath,
        DatasetPath = spec.DatasetPath,
        EvaluationDatasetPath = spec.EvaluationDatasetPath,
        RunFolder = spec.RunFolder,
        Epochs = spec.Epochs,
        LearningRate = spec.LearningRate,
        LoraRank = spec.LoraRank,
        MaxContextLength = spec.MaxContextLength,
        BatchSizeTokens = spec.BatchSizeTokens,
        BatchSizeSamples = spec.BatchSizeSamples,
        GradientAccumulationSteps = spec.GradientAccumulationSteps,
        WarmupSteps = spec.WarmupSteps,
        Optimizer = new AdamWOptions { WeightDecay = spec.WeightDecay, MaxGradNorm = spec.MaxGradNorm },
        Seed = unchecked((ulong)spec.Seed),
        ChatTemplate = spec.ChatTemplate,
        EvaluationCarveout = spec.EvaluationCarveout,
        EarlyStop = spec.EarlyStop,
        Schedule = Enum.Parse<ScheduleKind>(spec.Schedule.ToString()),
        MinRateRatio = spec.MinRateRatio,
        DecayRatio = spec.DecayRatio,
        Resume = true, // the run folder is the job's own
    };

    /// <summary>Reports on the training thread, in order; <see cref="Progress{T}"/> would use the thread pool and may reorder.</summary>
    private sealed class Reporter(Action<JobProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => report(new JobProgress(
            value.Step, value.TotalSteps, value.Loss, value.TokensPerSecond, value.TrainedTokens, value.Epoch, value.SecondsLeft));
    }
}
