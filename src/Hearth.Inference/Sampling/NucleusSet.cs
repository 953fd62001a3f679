namespace Hearth.Inference;

/// <summary>
/// Top-p over a flat row: keeps the most probable tokens, the fewest that together have a share of the probability (Holtzman et al. 2020,
/// arXiv:1904.09751). Ties go to the lower id.
/// </summary>
/// <remarks>
/// Instead of sorting the vocabulary, tokens are counted into buckets of close probabilities, in id order, and only the bucket in which the share is
/// reached is sorted.
/// </remarks>
internal sealed class NucleusSet(int vocabularySize)
{
    private const int BucketShift = 17; // of a positive float's bits: its exponent and the first six of its fraction
    private const int Buckets = (0x3F800000 >> BucketShift) + 1; // up to 1, the exponential of the largest logit

    private readonly double[] _masses = new double[Buckets];
    private readonly int[] _candidates = new int[vocabularySize];

    /// <summary>Masks what is outside the nucleus.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="exp">exp(logit - largest), [V]: 0 to 1.</param>
    /// <param name="mass">The share, times the sum of <paramref name="exp"/>.</param>
    public void Keep(float[] logits, float[] exp, double mass)
    {
        Array.Clear(_masses);
        for (int id = 0; id < vocabularySize; id++) _masses[BucketOf(exp[id])] += exp[id];
        double above = 0;
        int last = Buckets - 1;
        for (; last > 0 && above + _masses[last] < mass; last--) above += _masses[last];
        Cut(logits, exp, last, mass - above);
    }

    // Buckets above the last one stay, those below it go; of the last one, as many of the largest as reach the mass.
    private void Cut(float[] logits, float[] exp, int last, double mass)
    {
        int count = 0;
        for (int id = 0; id < vocabularySize; id++)
        {
            int bucket = BucketOf(exp[id]);
            if (bucket == last && exp[id] > 0) _candidates[count++] = id;
            else if (bucket <= last) logits[id] = Cuts.Masked;
        }
        var candidates = _candidates.AsSpan(0, count);
        TopTokens.Sort(logits, candidates);
        double sum = 0;
        foreach (int id in candidates)
        {
            if (sum >= mass) logits[id] = Cuts.Masked;
            sum += exp[id];
        }
    }

    private static int BucketOf(float exp) => (int)(BitConverter.SingleToUInt32Bits(exp) >> BucketShift);
}
