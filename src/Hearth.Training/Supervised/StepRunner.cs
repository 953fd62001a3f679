using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// One optimizer step: micro-batches forward and backward, their leaves added by the fixed tree, then the update. Supervised fine-tuning and
/// pre-training share it.
/// </summary>
/// <param name="rowsPerLeaf">Null: every packed row is a leaf (LoRA). Otherwise so many packed rows are one leaf and one micro-batch (full weights).</param>
internal sealed class StepRunner(TrainingPass pass, AdamWOptimizer optimizer, GradientTree tree, int microbatchTokens, int? rowsPerLeaf)
{
    /// <summary>Loss (mean over the step's trained tokens) and gradient norm.</summary>
    public readonly record struct Result(double Loss, double GradientNorm);

    /// <summary>Runs step number <paramref name="number"/> (1-based).</summary>
    /// <exception cref="TrainingException">The loss or the gradient is not finite; nothing was updated.</exception>
    public Result Run(PlannedStep step, int number, double learningRate, CancellationToken cancellationToken)
    {
        double loss = 0;
        foreach (var rows in Microbatches(step.Rows))
        {
            cancellationToken.ThrowIfCancellationRequested();
            loss += ForwardBackward(rows, step.LossWeight);
        }
        RequireFinite(loss, "loss", step, number);
        var total = tree.Finish();
        double norm = optimizer.GlobalNorm(total);
        RequireFinite(norm, "gradient norm", step, number);
        optimizer.Step(total, norm, learningRate);
        tree.Return(total);
        return new Result(loss, norm);
    }

    /// <summary>Mean loss over rows, without gradients.</summary>
    public static double Evaluate(TrainingPass pass, IReadOnlyList<PackedRow> rows, int microbatchTokens, CancellationToken cancellationToken)
    {
        double trained = rows.Sum(row => row.LossWeight);
        double loss = 0;
        foreach (var part in BatchBuilder.Microbatches(rows, microbatchTokens))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var batch = BatchBuilder.Build(part, trained, oneLeaf: true);
            loss += pass.Run(batch, new float[batch.Rows], []);
        }
        return loss;
    }

    private IEnumerable<IReadOnlyList<PackedRow>> Microbatches(IReadOnlyList<PackedRow> rows) =>
        rowsPerLeaf is { } count ? rows.Chunk(count) : BatchBuilder.Microbatches(rows, microbatchTokens);

    private double ForwardBackward(IReadOnlyList<PackedRow> rows, double lossWeightOfStep)
    {
        var batch = BatchBuilder.Build(rows, lossWeightOfStep, oneLeaf: rowsPerLeaf != null);
        var leaves = new ParameterGradients[batch.Leaves.Length];
        for (int i = 0; i < leaves.Length; i++) leaves[i] = tree.Rent();
        double loss = pass.Run(batch, new float[batch.Rows], leaves);
        foreach (var leaf in leaves) tree.Add(leaf);
        return loss;
    }

    private static void RequireFinite(double value, string what, PlannedStep step, int number)
    {
        if (double.IsFinite(value)) return;
        var lines = string.Join(", ", step.SourceLines.Order().Take(32));
        throw new TrainingException($"Step {number}: the {what} is not finite ({value}). Nothing was updated. Dataset lines of this step: {lines}. Lower the learning rate or check these rows.");
    }
}
