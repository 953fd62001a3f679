using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>
/// Chooses tokens from rows of logits: penalties, bias, minimum length, temperature, top-k, top-p, min-p, draw (docs/exactness.md). Ties go to the lower
/// id, cumulative sums run in id order, and the random number is a function of (seed, choice, index in the completion): a token does not depend on
/// what else is in the batch.
/// </summary>
public sealed class Sampler
{
    // Stands for minus infinity: its exponential is 0, and no difference of two of them is NaN.
    private const float Masked = -1e30f;
    private const int FirstCandidates = 64;

    private readonly int _vocabularySize;
    private readonly float[] _logits, _exp, _kept, _tileSums;
    private readonly int[] _candidates;

    /// <summary>A sampler for rows of <paramref name="vocabularySize"/> logits. Not thread-safe: it keeps scratch.</summary>
    public Sampler(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        _vocabularySize = vocabularySize;
        _logits = new float[vocabularySize];
        _exp = new float[vocabularySize];
        _kept = new float[vocabularySize];
        _tileSums = new float[Softmax.Tiles(vocabularySize)];
        _candidates = new int[vocabularySize];
    }

    /// <summary>Samples or scores every row of a plan.</summary>
    /// <param name="logits">[plan.Rows.Length, V].</param>
    /// <param name="plan">The step that gave them.</param>
    /// <returns>[plan.Samples].</returns>
    public SampledToken[] Sample(ReadOnlySpan<float> logits, StepPlan plan)
    {
        var samples = new SampledToken[plan.Samples];
        for (int r = 0; r < plan.Rows.Length; r++)
        {
            var row = plan.Rows[r];
            var values = logits.Slice(r * _vocabularySize, _vocabularySize);
            var sequence = plan.Sequences[row.SequenceIndex].Sequence;
            var results = samples.AsSpan(row.FirstSample, Math.Max(1, row.Choices));
            if (row.Choices == 0) results[0] = Score(values, sequence.Tokens[row.Position + 1], sequence.Options.TopLogprobs);
            else Choose(values, sequence, results);
        }
        return samples;
    }

    private static SampledToken Score(ReadOnlySpan<float> logits, int tokenId, int top)
    {
        var (max, logSum) = Softmax.LogSumExp(logits);
        return float.IsFinite(max + logSum) ? new(tokenId, logits[tokenId] - max - logSum, 0, Alternatives(logits, max, logSum, top)) : SampledToken.Fault;
    }

    private void Choose(ReadOnlySpan<float> logits, Sequence sequence, Span<SampledToken> results)
    {
        var options = sequence.Options.Sampling;
        var (max, logSum) = Softmax.LogSumExp(logits);
        if (!float.IsFinite(max + logSum))
        {
            results.Fill(SampledToken.Fault);
            return;
        }
        var top = Alternatives(logits, max, logSum, sequence.Options.TopLogprobs);

        // Most rows need no copy: nothing changes their logits.
        bool changed = ChangesLogits(sequence, options);
        if (changed) ChangeLogits(logits, sequence, options);
        if (options.IsGreedy)
        {
            int best = changed ? TopTokens.Largest(_logits) : logits.IndexOf(max);
            results.Fill(new(best, logits[best] - max - logSum, 0, top));
            return;
        }
        var (cutMax, cutLogSum) = (max, logSum);
        var cut = logits;
        if (changed || options.Temperature != 1 || options.HasCuts)
        {
            if (!changed) logits.CopyTo(_logits);
            Cut(options, changed ? _logits[TopTokens.Largest(_logits)] : max);
            cut = _logits;
            (cutMax, cutLogSum) = Softmax.LogSumExp(cut);
        }
        Softmax.Exp(cut, cutMax, _exp, _tileSums);
        for (int i = 0; i < results.Length; i++)
        {
            // The first row of a request serves all of its choices, later rows one each.
            int choice = sequence.Choice + i;
            int token = Draw(CounterRandom.Uniform(sequence.Seed, RandomPurpose.Sampling, (ulong)choice, (ulong)sequence.CompletionTokens));
            results[i] = new(token, logits[token] - max - logSum, cut[token] - cutMax - cutLogSum, top);
        }
    }

    private static bool ChangesLogits(Sequence sequence, SamplingOptions options) =>
        options.HasPenalties || options.LogitBias is { Count: > 0 } || sequence.CompletionTokens < sequence.Options.MinTokens;

    // Penalties, bias, minimum length.
    private void ChangeLogits(ReadOnlySpan<float> logits, Sequence sequence, SamplingOptions options)
    {
        logits.CopyTo(_logits);
        if (options.HasPenalties) Penalize(sequence, options);
        if (options.LogitBias is { } biases)
            foreach (var (id, bias) in biases) _logits[id] += bias;
        if (sequence.CompletionTokens >= sequence.Options.MinTokens) return;
        foreach (int id in sequence.StopTokenIds)
            if ((uint)id < (uint)_vocabularySize) _logits[id] = Masked;
    }

    private void Penalize(Sequence sequence, SamplingOptions options)
    {
        var counts = sequence.Counts ??= new(sequence.PromptTokens);
        counts.Update(sequence.Tokens);
        float repetition = (float)options.RepetitionPenalty, frequency = (float)options.FrequencyPenalty, presence = (float)options.PresencePenalty;
        foreach (var (id, count) in counts.Counts)
        {
            float logit = _logits[id];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            _logits[id] = logit - frequency * count - (count > 0 ? presence : 0);
        }
    }

    // Temperature, then the cuts; each cut sees the distribution that the one before left, renormalised. No cut drops the largest logit.
    private void Cut(SamplingOptions options, float largest)
    {
        float temperature = (float)options.Temperature;
        if (temperature != 1) Kernels.Divide(_logits, temperature);
        if (options.TopK > 0 && options.TopK < _vocabularySize) KeepTop(options.TopK);
        if (options.TopP < 1 || options.MinP > 0) Softmax.Exp(_logits, largest / temperature, _exp, _tileSums);
        if (options.TopP < 1) KeepNucleus(options.TopP);
        if (options.MinP > 0) KeepAbove((float)options.MinP);
    }

    private void KeepTop(int count)
    {
        var kept = _candidates.AsSpan(0, count);
        TopTokens.Write(_logits, kept);
        KeepOnly(kept);
    }

    // Sorting the whole vocabulary costs more than a layer. Nearly always the first few tokens are enough.
    private void KeepNucleus(double share)
    {
        double total = Total();
        var first = _candidates.AsSpan(0, Math.Min(FirstCandidates, _vocabularySize));
        TopTokens.Write(_logits, first);
        if (TryKeepShare(first, share * total)) return;

        // All tokens below (1 - share) / V together have less than 1 - share: none of them is in the nucleus. Half of it leaves room for rounding.
        double least = 0.5 * (1 - share) * total / _vocabularySize;
        int count = 0;
        for (int id = 0; id < _vocabularySize; id++)
            if (_exp[id] >= least) _candidates[count++] = id;
        var candidates = _candidates.AsSpan(0, count);
        TopTokens.Sort(_logits, candidates);
        if (!TryKeepShare(candidates, share * total)) KeepOnly(candidates);
    }

    // candidates: largest first.
    private bool TryKeepShare(Span<int> candidates, double mass)
    {
        double sum = 0;
        for (int i = 0; i < candidates.Length; i++)
        {
            sum += _exp[candidates[i]];
            if (sum < mass) continue;
            KeepOnly(candidates[..(i + 1)]);
            return true;
        }
        return false;
    }

    private void KeepAbove(float share)
    {
        for (int id = 0; id < _vocabularySize; id++)
            if (_exp[id] < share) _logits[id] = Masked;
    }

    private void KeepOnly(ReadOnlySpan<int> ids)
    {
        var values = _kept.AsSpan(0, ids.Length);
        for (int i = 0; i < ids.Length; i++) values[i] = _logits[ids[i]];
        _logits.AsSpan().Fill(Masked);
        for (int i = 0; i < ids.Length; i++) _logits[ids[i]] = values[i];
    }

    private double Total()
    {
        double total = 0;
        foreach (float sum in _tileSums) total += sum;
        return total;
    }

    // Inverse of the cumulative distribution, in id order: by tiles of 1,024, then inside one.
    private int Draw(double uniform)
    {
        double target = uniform * Total(), before = 0;
        int tile = 0;
        while (tile < _tileSums.Length - 1 && before + _tileSums[tile] <= target) before += _tileSums[tile++];
        // Rounding may put the target behind the last token of the tile that it belongs to, or behind all.
        while (_tileSums[tile] == 0) tile--;
        int last = 0, start = tile * Kernels.VocabularyTile;
        for (int id = start; id < Math.Min(start + Kernels.VocabularyTile, _vocabularySize); id++)
        {
            if (_exp[id] == 0) continue;
            before += _exp[id];
            last = id;
            if (before > target) break;
        }
        return last;
    }

    private static ScoredToken[] Alternatives(ReadOnlySpan<float> logits, float max, float logSum, int count)
    {
        if (count == 0) return [];
        Span<int> ids = stackalloc int[Math.Min(count, logits.Length)];
        TopTokens.Write(logits, ids);
        var top = new ScoredToken[ids.Length];
        for (int i = 0; i < top.Length; i++) top[i] = new(ids[i], logits[ids[i]] - max - logSum);
        return top;
    }
}
