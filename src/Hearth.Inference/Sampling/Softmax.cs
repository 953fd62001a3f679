using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>The engine's one way to the vocabulary's probabilities: that of the trainer (E6).</summary>
internal static class Softmax
{
    /// <summary>The maximum M and log S of a row; a log-probability is logit - M - log S.</summary>
    public static (float Max, float LogSum) LogSumExp(ReadOnlySpan<float> logits) => Kernels.LogSumExpRow(logits);

    /// <summary>e = exp(x - max), element by element.</summary>
    public static void Exp(ReadOnlySpan<float> x, float max, Span<float> e) => Kernels.ExpShifted(x, max, e);
}
