namespace Hearth.Inference;

/// <summary>
/// Takes tokens out of a row of logits: top-k, top-p, min-p, typical-p, mirostat. Each cut sees the distribution that the one before left, renormalised;
/// none drops every token. Ties go to the lower id.
/// </summary>
internal sealed class Cuts(int vocabularySize)
{
    /// <summary>Stands for minus infinity: its exponential is 0, and no difference of two of them is NaN.</summary>
    public const float Masked = -1e30f;

    private const int FirstCandidates = 64;

    private readonly float[] _exp = new float[vocabularySize], _kept = new float[vocabularySize], _tileSums = new float[Softmax.Tiles(vocabularySize)];
    private readonly int[] _candidates = new int[vocabularySize];
    private NucleusSet? _nucleus; // few requests ask for it and are so undecided
    private TypicalSet? _typical; // few requests ask for it

    /// <summary>The cuts that know no history, in their order.</summary>
    /// <param name="logits">[V], after the temperature; what is cut becomes <see cref="Masked"/>.</param>
    /// <param name="largest">The largest of them.</param>
    /// <param name="options">Which cuts.</param>
    public void Apply(float[] logits, float largest, SamplingOptions options)
    {
        if (options.TopK > 0 && options.TopK < vocabularySize) KeepTop(logits, options.TopK);
        if (options.TopP < 1 || options.MinP > 0) Softmax.Exp(logits, largest, _exp, _tileSums);
        if (options.TopP < 1) KeepNucleus(logits, options.TopP);
        if (options.MinP > 0) KeepAbove(logits, (float)options.MinP);
        if (options.TypicalP < 1) (_typical ??= new(vocabularySize)).Keep(logits, largest, options.TypicalP);
    }

    /// <summary>Mirostat: drops tokens that surprise more than the bound, but never the most probable one.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="largest">The largest of them.</param>
    /// <param name="logTotal">Logarithm of the sum of their exponentials: less a logit, the token's surprise in nats.</param>
    /// <param name="bound">Most surprise, in bits.</param>
    public static void KeepExpected(float[] logits, float largest, double logTotal, double bound)
    {
        double most = Math.Max(bound * Mirostat.NatsPerBit, logTotal - largest);
        for (int id = 0; id < logits.Length; id++)
            if (logTotal - logits[id] > most) logits[id] = Masked;
    }

    private void KeepTop(float[] logits, int count)
    {
        var kept = _candidates.AsSpan(0, count);
        TopTokens.Write(logits, kept);
        KeepOnly(logits, kept);
    }

    // Sorting the whole vocabulary costs more than a layer. Nearly always the first few tokens are enough.
    private void KeepNucleus(float[] logits, double share)
    {
        double mass = share * Softmax.Total(_tileSums);
        var first = _candidates.AsSpan(0, Math.Min(FirstCandidates, vocabularySize));
        TopTokens.Write(logits, first);
        if (!TryKeepShare(logits, first, mass)) (_nucleus ??= new(vocabularySize)).Keep(logits, _exp, mass);
    }

    // candidates: largest first.
    private bool TryKeepShare(float[] logits, Span<int> candidates, double mass)
    {
        double sum = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            sum += _exp[candidates[i]];
            if (sum < mass) continue;
            KeepOnly(logits, candidates[..(i + 1)]);
            return true;
        }
        return false;
    }

    private void KeepAbove(float[] logits, float share)
    {
        for (int id = 0; id < vocabularySize; id++)
            if (_exp[id] < share) logits[id] = Masked;
    }

    private void KeepOnly(float[] logits, ReadOnlySpan<int> ids)
    {
        var values = _kept.AsSpan(0, ids.Length);
        for (int i = 0; i < ids.Length; i++) values[i] = logits[ids[i]];
        logits.AsSpan().Fill(Masked);
        for (int i = 0; i < ids.Length; i++) logits[ids[i]] = values[i];
    }
}
