namespace Hearth.Inference;

/// <summary>
/// Typical-p: keeps the tokens whose surprise is nearest to the distribution's entropy, the smallest such set that has a share of the probability
/// (Meister et al. 2022, arXiv:2202.00666). Ties go to the lower id.
/// </summary>
/// <remarks>
/// Surprise is log S - x and entropy log S - E[x], so their distance is that of the logit to the expected logit: no logarithm is taken. Instead of sorting the
/// vocabulary, tokens are counted into buckets of close distances, and only the bucket in which the share is reached is sorted.
/// </remarks>
internal sealed class TypicalSet(int vocabularySize)
{
    private const int BucketShift = 19; // of a positive float's bits: its exponent and the first four of its fraction
    private const int Buckets = 1 << (31 - BucketShift);

    private readonly float[] _exp = new float[vocabularySize], _tileSums = new float[Softmax.Tiles(vocabularySize)];
    private readonly double[] _distances = new double[vocabularySize], _masses = new double[Buckets];
    private readonly int[] _candidates = new int[vocabularySize];

    /// <summary>Masks what is not typical.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="largest">The largest of them.</param>
    /// <param name="share">Of the probability; above 0, below 1.</param>
    public void Keep(float[] logits, float largest, double share)
    {
        Softmax.Exp(logits, largest, _exp, _tileSums);
        double total = Softmax.Total(_tileSums), expected = ExpectedLogit(logits, largest, total), mass = share * total;
        Array.Clear(_masses);
        for (int id = 0; id < vocabularySize; id++)
        {
            _distances[id] = Math.Abs(logits[id] - largest - expected);
            _masses[BucketOf(_distances[id])] += _exp[id];
        }
        double before = 0;
        int last = 0;
        for (; last < Buckets && before + _masses[last] < mass; last++) before += _masses[last];
        if (last < Buckets) Cut(logits, last, mass - before);
    }

    // Relative to the largest.
    private double ExpectedLogit(float[] logits, float largest, double total)
    {
        double sum = 0;
        for (int id = 0; id < vocabularySize; id++)
            if (_exp[id] > 0) sum += _exp[id] * ((double)logits[id] - largest);
        return sum / total;
    }

    // Buckets below the last one stay, those above it go; of the last one, as many of the nearest as reach the mass.
    private void Cut(float[] logits, int last, double mass)
    {
        int count = 0;
        for (int id = 0; id < vocabularySize; id++)
        {
            int bucket = BucketOf(_distances[id]);
            if (bucket == last) _candidates[count++] = id;
            else if (bucket > last) logits[id] = Cuts.Masked;
        }
        var candidates = _candidates.AsSpan(0, count);
        candidates.Sort(new ByDistance(_distances));
        double sum = 0;
        foreach (int id in candidates)
        {
            if (sum >= mass) logits[id] = Cuts.Masked;
            sum += _exp[id];
        }
    }

    private static int BucketOf(double distance) => (int)(BitConverter.SingleToUInt32Bits((float)distance) >> BucketShift);

    private readonly struct ByDistance(double[] distances) : IComparer<int>
    {
        public int Compare(int a, int b) => distances[a] < distances[b] ? -1 : distances[a] > distances[b] ? 1 : a.CompareTo(b);
    }
}
