using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>
/// Chooses tokens from rows of logits: penalties, bias, minimum length, grammar, temperature, cuts (<see cref="Cuts"/>), draw (docs/exactness.md). Ties go to the lower
/// id, cumulative sums run in id order, and the random number is a function of (seed, choice, index in the completion): a token does not depend on
/// what else is in the batch.
/// </summary>
public sealed class Sampler
{
    private readonly int _vocabularySize;
    private readonly float[] _logits, _exp, _tileSums;
    private readonly Cuts _cuts;
    private readonly GrammarFilter _grammar;

    /// <summary>A sampler for rows of <paramref name="vocabularySize"/> logits. Not thread-safe: it keeps scratch.</summary>
    public Sampler(int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        _vocabularySize = vocabularySize;
        _logits = new float[vocabularySize];
        _exp = new float[vocabularySize];
        _tileSums = new float[Softmax.Tiles(vocabularySize)];
        _cuts = new(vocabularySize);
        _grammar = new(vocabularySize);
    }

    /// <summary>Samples or scores every row of a plan.</summary>
    /// <param name="logits">[plan.Rows.Length, V].</param>
    /// <param name="plan">The step that gave them.</param>
    /// <param name="sequences">The plan's sequences, in its order.</param>
    /// <returns>[plan.Samples].</returns>
    public SampledToken[] Sample(ReadOnlySpan<float> logits, StepPlan plan, IReadOnlyList<Sequence> sequences)
    {
        var samples = new SampledToken[plan.Samples];
        for (int i = 0; i < plan.Sequences.Length; i++) Sample(logits, plan, plan.Sequences[i], sequences[i], samples);
        return samples;
    }

    /// <summary>Samples or scores the rows of one sequence.</summary>
    // Row after row: what a row gives may change how the next one is read, and a token that differs from its draft makes the rows behind it void.
    internal void Sample(ReadOnlySpan<float> logits, StepPlan plan, in ScheduledSequence part, Sequence sequence, SampledToken[] samples)
    {
        if (part.LogitRows == 0) return;
        var state = SamplingState.Of(sequence);
        int end = part.FirstLogitRow + part.LogitRows;
        for (int r = part.FirstLogitRow; r < end; r++)
        {
            var row = plan.Rows[r];
            var values = logits.Slice(r * _vocabularySize, _vocabularySize);
            var results = samples.AsSpan(row.FirstSample, Math.Max(1, row.Choices));
            if (row.Choices == 0)
            {
                results[0] = Score(values, sequence.Tokens[row.Position + 1], sequence.Options.TopLogprobs);
                continue;
            }
            Choose(values, sequence, state, results);
            if (r + 1 == end || !plan.IsNextRowOf(r, results[0].TokenId)) return;
            state = state.After(results[0], sequence.Options.Sampling);
        }
    }

    private static SampledToken Score(ReadOnlySpan<float> logits, int tokenId, int top)
    {
        var (max, logSum) = Softmax.LogSumExp(logits);
        return float.IsFinite(max + logSum) ? new(tokenId, logits[tokenId] - max - logSum, 0, Alternatives(logits, max, logSum, top)) : SampledToken.Fault;
    }

    private void Choose(ReadOnlySpan<float> logits, Sequence sequence, in SamplingState state, Span<SampledToken> results)
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
        bool changed = ChangesLogits(sequence, state);
        if (changed) ChangeLogits(logits, sequence, state);
        if (state.Grammar?.Mask.Fault is { } fault)
        {
            sequence.Fault = fault;
            results.Fill(SampledToken.Fault);
            return;
        }
        if (options.IsGreedy)
        {
            int best = changed ? TopTokens.Largest(_logits) : logits.IndexOf(max);
            for (int i = 0; i < top.Length; i++) top[i] = top[i] with { SamplingLogprob = top[i].TokenId == best ? 0 : float.NegativeInfinity };
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
        double logTotal = (double)cutMax + cutLogSum;
        if (options.MirostatTarget is not null)
        {
            Cuts.KeepExpected(_logits, cutMax, logTotal, state.SurpriseBound);
            (cutMax, cutLogSum) = Softmax.LogSumExp(_logits);
        }
        Softmax.Exp(cut, cutMax, _exp, _tileSums);
        for (int i = 0; i < top.Length; i++) top[i] = top[i] with { SamplingLogprob = Sampled(cut[top[i].TokenId] - cutMax - cutLogSum) };
        for (int i = 0; i < results.Length; i++)
        {
            // The first row of a request serves all of its choices, later rows one each.
            int choice = sequence.Choice + i;
            int token = Draw(CounterRandom.Uniform(sequence.Seed, RandomPurpose.Sampling, (ulong)choice, (ulong)state.Index));
            results[i] = new(token, logits[token] - max - logSum, cut[token] - cutMax - cutLogSum, top) { Surprise = (logTotal - cut[token]) / Mirostat.NatsPerBit };
        }
    }

    // What was cut or masked has no probability.
    private static float Sampled(float logprob) => logprob < Cuts.Masked / 1e6f ? float.NegativeInfinity : logprob;

    private static bool ChangesLogits(Sequence sequence, in SamplingState state) =>
        state.Counts is not null || state.Grammar is not null || sequence.Options.Sampling.LogitBias is { Count: > 0 } || state.Index < sequence.Options.MinTokens;

    // Penalties, bias, minimum length, grammar.
    private void ChangeLogits(ReadOnlySpan<float> logits, Sequence sequence, in SamplingState state)
    {
        var options = sequence.Options.Sampling;
        logits.CopyTo(_logits);
        if (state.Counts is { } counts) Penalize(counts, options);
        if (options.LogitBias is { } biases)
            foreach (var (id, bias) in biases) _logits[id] += bias;
        bool mayStop = state.Index >= sequence.Options.MinTokens;
        if (state.Grammar is { } grammar) _grammar.Apply(_logits, grammar, sequence.StopTokenIds, mayStop);
        else if (!mayStop)
            foreach (int id in sequence.StopTokenIds)
                if ((uint)id < (uint)_vocabularySize) _logits[id] = Cuts.Masked;
    }

    private void Penalize(TokenCounts counts, SamplingOptions options)
    {
        float repetition = (float)options.RepetitionPenalty, frequency = (float)options.FrequencyPenalty, presence = (float)options.PresencePenalty;
        foreach (var (id, count) in counts.Counts)
        {
            float logit = _logits[id];
            logit = logit > 0 ? logit / repetition : logit * repetition;
            _logits[id] = logit - frequency * count - (count > 0 ? presence : 0);
        }
    }

    private void Cut(SamplingOptions options, float largest)
    {
        float temperature = (float)options.Temperature;
        if (temperature != 1) Kernels.Divide(_logits, temperature);
        _cuts.Apply(_logits, largest / temperature, options);
    }

    // Inverse of the cumulative distribution, in id order: by tiles of 1,024, then inside one.
    private int Draw(double uniform)
    {
        double target = uniform * Softmax.Total(_tileSums), before = 0;
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
        for (int i = 0; i < top.Length; i++) top[i] = new(ids[i], logits[ids[i]] - max - logSum) { SamplingLogprob = logits[ids[i]] - max - logSum };
        return top;
    }
}
