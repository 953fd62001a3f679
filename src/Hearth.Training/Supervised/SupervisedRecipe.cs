using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Supervised fine-tuning of a LoRA adapter: next-token cross-entropy on the assistant's tokens, mean over the trained tokens of an optimizer step.
/// The same job with the same seed gives the same adapter to the byte, whatever the threads and the micro-batch, stopped and resumed or not.
/// </summary>
public static class SupervisedRecipe
{
    /// <summary>The whole run. Validates before the first slow action; writes the adapter last.</summary>
    /// <param name="options">What to train, on what, how.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="store">Packed weights that are shared with other processes; null: packed into memory of this process.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <exception cref="TrainingException">Options, data or numbers are unfit; the message says what and how to mend it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the steps taken are in a checkpoint that <see cref="SupervisedOptions.Resume"/> goes on from.</exception>
    public static SupervisedResult Run(
        SupervisedOptions options, IProgress<TrainingProgress>? progress = null, PackedStore? store = null, CancellationToken cancellationToken = default)
    {
        if (options.Problems() is { Count: > 0 } problems) throw new TrainingException(string.Join(" ", problems));
        using var files = ModelFiles.Open(options.BaseModelPath);
        var data = SupervisedData.Load(files, options);
        using var pool = new ComputePool(options.Threads ?? ComputePool.DefaultThreads());
        using var model = TransformerModel.Load(files, store);
        files.CloseWeights();
        using var adapter = options.WarmStartPath is { } start
            ? LoraAdapter.Load(start, files.Configuration)
            : LoraAdapter.Create(files.Configuration, options.LoraRank, options.LoraAlpha ?? 2 * options.LoraRank, options.Seed);
        using var run = new SupervisedRun(options, data, model, adapter, pool, progress);
        RenderedSamples.Write(options.RunFolder, ModelText.Load(files, options.ChatTemplate), data.Rows);
        return run.ToEnd(cancellationToken);
    }
}
