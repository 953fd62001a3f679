namespace Hearth.Inference;

/// <summary>The engine's one way to the vocabulary's probabilities (E6).</summary>
internal static class Softmax
{
    /// <summary>The maximum M and log S of a row; a log-probability is logit - M - log S.</summary>
    public static (float Max, float LogSum) LogSumExp(ReadOnlySpan<float> logits)
    {
        float max = float.NegativeInfinity;
        foreach (float logit in logits) max = !(logit <= max) ? logit : max;
        double sum = 0;
        foreach (float logit in logits) sum += Math.Exp(logit - max);
        return (max, (float)Math.Log(sum));
    }

    /// <summary>e = exp(x - max), element by element.</summary>
    public static void Exp(ReadOnlySpan<float> x, float max, Span<float> e)
    {
        for (int i = 0; i < x.Length; i++) e[i] = (float)Math.Exp(x[i] - max);
    }
}
