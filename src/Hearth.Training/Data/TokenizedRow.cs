namespace Hearth.Training;

/// <summary>A rendered training example: its tokens and how much each counts in the loss of predicting it.</summary>
/// <param name="TokenIds">[T].</param>
/// <param name="LossWeights">[T]; weight of token t as a target. The first token is never one.</param>
/// <param name="SourceLine">1-based line in the file, for messages.</param>
public sealed record TokenizedRow(int[] TokenIds, float[] LossWeights, int SourceLine)
{
    /// <summary>Targets that count.</summary>
    public int TrainedTokens { get; } = LossWeights.Skip(1).Count(weight => weight != 0);

    /// <summary>Sum of the targets' weights: what the loss is divided by. Equals <see cref="TrainedTokens"/> where weights are 0 or 1.</summary>
    public double LossWeight { get; } = LossWeights.Skip(1).Sum(weight => (double)weight);
}
