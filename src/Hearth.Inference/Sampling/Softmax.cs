using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>The engine's one way to the vocabulary's probabilities: that of the trainer (E6).</summary>
internal static class Softmax
{
    /// <summary>The maximum M and log S of a row; a log-probability is logit - M - log S.</summary>
    public static (float Max, float LogSum) LogSumExp(ReadOnlySpan<float> logits) => Kernels.LogSumExpRow(logits);

    /// <summary>e = exp(x - max), element by element; and the sums of its tiles of 1,024.</summary>
    public static void Exp(ReadOnlySpan<float> x, float max, Span<float> e, Span<float> tileSums = default) => Kernels.ExpShifted(x, max, e, tileSums);

    /// <summary>The sum of a row from those of its tiles, in their order.</summary>
    public static double Total(ReadOnlySpan<float> tileSums)
    {
        double total = 0;
        foreach (float sum in tileSums) total += sum;
        return total;
    }

    /// <summary>Tiles of a row.</summary>
    public static int Tiles(int length) => (length + Kernels.VocabularyTile - 1) / Kernels.VocabularyTile;
}
