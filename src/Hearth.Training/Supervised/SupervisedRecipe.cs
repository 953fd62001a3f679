using System.Diagnostics;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Supervised fine-tuning of a LoRA adapter: next-token cross-entropy on the assistant's tokens, mean over the trained tokens of an optimizer step.
/// The same job with the same seed gives the same adapter to the byte, whatever the threads and the micro-batch.
/// </summary>
public static class SupervisedRecipe
{
    /// <summary>The whole run. Validates before the first slow action; writes the adapter last.</summary>
    /// <exception cref="TrainingException">Options, data or numbers are unfit; the message says what and how to mend it.</exception>
    public static SupervisedResult Run(SupervisedOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (options.Problems() is { Count: > 0 } problems) throw new TrainingException(string.Join(" ", problems));
        var clock = Stopwatch.StartNew();
        using var files = ModelFiles.Open(options.BaseModelPath);
        int context = Math.Min(options.MaxContextLength, files.Configuration.MaxPositions);
        var reader = ChatRowReader.For(files, options.ChatTemplate, context);
        var rows = reader.ReadFile(options.DatasetPath);
        var evaluationRows = options.EvaluationDatasetPath is { } path ? reader.ReadFile(path) : [];
        var plan = DataPlan.Build(rows, options.Epochs, options.BatchSizeSamples * options.GradientAccumulationSteps,
            options.BatchSizeTokens * options.GradientAccumulationSteps, context, options.Seed);
        var evaluation = evaluationRows.Count == 0 ? [] : DataPlan.Build(evaluationRows, 1, evaluationRows.Count, 0, context, seed: 0)[0].Rows;

        using var pool = new ComputePool(options.Threads ?? ComputePool.DefaultThreads());
        using var model = TransformerModel.Load(files);
        using var adapter = options.WarmStartPath is { } start
            ? LoraAdapter.Load(start, files.Configuration)
            : LoraAdapter.Create(files.Configuration, options.LoraRank, options.LoraAlpha ?? 2 * options.LoraRank, options.Seed);
        using var pass = new TrainingPass(model, adapter, pool);
        using var optimizer = new AdamWOptimizer(adapter.Parameters, options.Optimizer, pool);
        using var tree = new GradientTree(adapter.Parameters, pool);
        using var run = RunFolder.Create(options.RunFolder, options);
        var runner = new StepRunner(pass, optimizer, tree, options.MicrobatchTokens, rowsPerLeaf: null);
        int warmup = options.WarmupSteps ?? Math.Min(10, (int)(0.03 * plan.Count));
        var schedule = new LearningRateSchedule(options.Schedule, options.LearningRate, warmup, plan.Count);

        double? Evaluate(int step)
        {
            if (evaluation.Count == 0) return null;
            double loss = StepRunner.Evaluate(pass, evaluation, options.MicrobatchTokens, cancellationToken);
            run.WriteEvaluation(step, loss);
            return loss;
        }

        byte[] before = run.HashOf(adapter.Parameters);
        double? lossBefore = Evaluate(step: 0);
        var meter = new ProgressMeter(plan, progress, run);
        double lastLoss = double.NaN;
        for (int i = 0; i < plan.Count; i++)
        {
            double rate = schedule.At(i);
            var result = runner.Run(plan[i], i + 1, rate, cancellationToken);
            lastLoss = result.Loss;
            meter.Report(i, result.Loss, rate, result.GradientNorm);
        }
        if (run.HashOf(adapter.Parameters).AsSpan().SequenceEqual(before))
            throw new TrainingException($"The adapter equals its start after {plan.Count} steps: nothing was learned. Raise the learning rate (now {options.LearningRate}) or the number of steps.");
        double? lossAfter = Evaluate(plan.Count);

        string folder = Path.Combine(options.RunFolder, "adapter");
        adapter.Save(folder, options.BaseModelName ?? Path.GetFileName(options.BaseModelPath.TrimEnd('/')));
        return new SupervisedResult(folder, plan.Count, plan.Sum(step => (long)step.TrainedTokens), lastLoss, lossBefore, lossAfter, clock.Elapsed.TotalSeconds);
    }
}
