using Hearth.Numerics;

namespace Hearth.Inference.Tests;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1.0f, 3.0f, 2.0f, 3.0f, -1.0f];

    [Fact]
    public void Greedy_takes_the_largest_and_a_tie_goes_to_the_lower_id()
    {
        var token = Sample(Logits, SamplingOptions.Greedy);
        Assert.Equal(1, token.TokenId);
        Assert.Equal(0, token.SamplingLogprob);
        Assert.Equal(Log(Softmax64(Logits)[1]), token.Logprob, 1e-6);
    }

    [Fact]
    public void Alternatives_are_ordered_by_raw_logprob_then_id()
    {
        var token = Sample(Logits, SamplingOptions.Greedy with { LogitBias = new Dictionary<int, float> { [4] = 100 } }, top: 4);
        Assert.Equal(4, token.TokenId); // the bias decides
        Assert.Equal([1, 3, 2, 0], token.Top.Select(alternative => alternative.TokenId)); // raw: it is not seen
        Assert.Equal(Log(Softmax64(Logits)[4]), token.Logprob, 1e-5);
    }

    [Fact]
    public void Alternatives_carry_both_logprobs()
    {
        var token = Sample(Logits, new() { Temperature = 0.7, TopK = 2, Seed = 3 }, top: 3);
        Assert.Equal([1, 3, 2], token.Top.Select(alternative => alternative.TokenId));
        Assert.Equal(Log(Softmax64(Logits)[2]), token.Top[2].Logprob, 1e-6);
        Assert.Equal([-Math.Log(2), -Math.Log(2), double.NegativeInfinity], token.Top.Select(alternative => Math.Round(alternative.SamplingLogprob, 5)), (a, b) => Math.Abs(a - b) < 1e-5 || a == b);
        Assert.Equal(token.SamplingLogprob, token.Top.Single(alternative => alternative.TokenId == token.TokenId).SamplingLogprob);

        // Nothing is cut and nothing changed: both are the same bits.
        Assert.All(Sample(Logits, new() { Seed = 3 }, top: 5).Top, alternative => Assert.Equal(alternative.Logprob, alternative.SamplingLogprob));
        // Greedy draws one token for certain.
        Assert.Equal([0, float.NegativeInfinity], Sample(Logits, SamplingOptions.Greedy, top: 2).Top.Select(alternative => alternative.SamplingLogprob));
    }

    [Fact]
    public void Top_k_keeps_ties_with_the_lower_id()
    {
        var seen = Draws(Logits, new() { TopK = 1 }, 50);
        Assert.Equal([1], seen.Keys);
        Assert.Equal([1, 3], Draws(Logits, new() { TopK = 2 }, 200).Keys.Order());
    }

    [Fact]
    public void Top_p_keeps_the_smallest_set_that_reaches_its_share()
    {
        // Probabilities 0.5, 0.3, 0.15, 0.05.
        float[] logits = [.. new[] { 0.3, 0.5, 0.05, 0.15 }.Select(p => (float)Math.Log(p))];
        Assert.Equal([1], Draws(logits, new() { TopP = 0.4 }, 100).Keys.Order());
        Assert.Equal([0, 1], Draws(logits, new() { TopP = 0.79 }, 200).Keys.Order());
        Assert.Equal([0, 1, 3], Draws(logits, new() { TopP = 0.9 }, 300).Keys.Order());
    }

    [Fact]
    public void Min_p_drops_what_is_far_below_the_best()
    {
        float[] logits = [.. new[] { 0.3, 0.5, 0.05, 0.15 }.Select(p => (float)Math.Log(p))];
        Assert.Equal([0, 1], Draws(logits, new() { MinP = 0.4 }, 200).Keys.Order());
    }

    [Fact]
    public void Typical_p_sees_what_the_cuts_before_it_left()
    {
        float[] logits = [.. new[] { 0.5, 0.25, 0.125, 0.125 }.Select(p => (float)Math.Log(p))];
        Assert.Equal([0, 1], Draws(logits, new() { TypicalP = 0.27 }, 200).Keys.Order());
        // Renormalised over the best three, token 1 has 0.286 and is still the nearest to the entropy: 1.38 bits.
        Assert.Equal([1], Draws(logits, new() { TopK = 3, TypicalP = 0.27 }, 100).Keys.Order());
        Assert.Equal(0, Sample(logits, new() { TopK = 3, TypicalP = 0.27 }).SamplingLogprob);
        // Temperature 0.5 squares: 0.727, 0.182, ... and an entropy of 1.19 bits; the best token, 0.46 bits, is now the nearest.
        Assert.Equal([0], Draws(logits, new() { Temperature = 0.5, TypicalP = 0.27 }, 100).Keys.Order());
    }

    [Fact]
    public void Top_p_sees_the_distribution_after_temperature_and_top_k()
    {
        float[] logits = [.. new[] { 0.4, 0.3, 0.2, 0.1 }.Select(p => (float)Math.Log(p))];
        // Renormalised over the best two: 0.571, 0.429. Without top-k first, 0.6 would need two tokens, too, but 0.5 only one.
        Assert.Equal([0], Draws(logits, new() { TopK = 2, TopP = 0.57 }, 100).Keys.Order());
        Assert.Equal([0, 1], Draws(logits, new() { TopP = 0.57 }, 100).Keys.Order());
        // Temperature 0.5 squares the probabilities: 0.533, 0.3, ...
        Assert.Equal([0], Draws(logits, new() { Temperature = 0.5, TopP = 0.53 }, 100).Keys.Order());
    }

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        var p = Softmax64([.. Logits.Select(logit => logit / 1.5f)]);
        const int count = 20_000;
        var seen = Draws(Logits, new() { Temperature = 1.5 }, count);
        for (int id = 0; id < Logits.Length; id++)
        {
            double deviation = Math.Sqrt(p[id] * (1 - p[id]) / count);
            Assert.InRange(seen[id] / (double)count, p[id] - 4 * deviation, p[id] + 4 * deviation);
        }
    }

    [Fact]
    public void The_sampling_logprob_is_that_of_the_cut_distribution()
    {
        var token = Sample(Logits, new() { Temperature = 0.7, TopK = 3, Seed = 3 });
        double[] kept = [.. Softmax64([3f / 0.7f, 2f / 0.7f, 3f / 0.7f])];
        double expected = token.TokenId == 2 ? kept[1] : kept[0];
        Assert.Equal(Log(expected), token.SamplingLogprob, 1e-5);
        Assert.Equal(Log(Softmax64(Logits)[token.TokenId]), token.Logprob, 1e-5);
    }

    [Fact]
    public void Penalties_count_prompt_and_completion_as_documented()
    {
        // Prompt 0 0 1, completion 1 1 2.
        float[] logits = [2, 2, 2, 2, -2];
        Assert.Equal(3, Sample(logits, SamplingOptions.Greedy with { RepetitionPenalty = 1.5 }, prompt: [0, 0, 1], completion: [1, 1, 2]).TokenId);
        Assert.Equal(0, Sample(logits, SamplingOptions.Greedy with { PresencePenalty = 0.5 }, prompt: [0, 0, 1], completion: [1, 1, 2]).TokenId);

        // Frequency: 1 twice, 2 once.
        float[] close = [-9, 2.0f, 1.4f, -9, -9];
        Assert.Equal(1, Sample(close, SamplingOptions.Greedy with { FrequencyPenalty = 0.5 }, prompt: [0, 0, 1], completion: [1, 1, 2]).TokenId); // 1.0 > 0.9
        Assert.Equal(2, Sample(close, SamplingOptions.Greedy with { FrequencyPenalty = 0.7 }, prompt: [0, 0, 1], completion: [1, 1, 2]).TokenId); // 0.6 < 0.7

        // A negative logit is multiplied.
        float[] negative = [-1.0f, -1.5f, -9, -9, -9];
        Assert.Equal(1, Sample(negative, SamplingOptions.Greedy with { RepetitionPenalty = 2 }, prompt: [0], completion: []).TokenId);
    }

    [Fact]
    public void A_stop_token_is_not_sampled_before_the_minimum()
    {
        float[] logits = [0, 5, 0, 1, 0];
        Assert.Equal(3, Sample(logits, SamplingOptions.Greedy, completion: [0], minTokens: 2, stops: [1]).TokenId);
        Assert.Equal(1, Sample(logits, SamplingOptions.Greedy, completion: [0, 0], minTokens: 2, stops: [1]).TokenId);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity)]
    public void A_row_with_a_value_that_is_not_a_number_is_a_fault(float bad) =>
        Assert.True(Sample([1, bad, 2], new()).IsFault);

    [Theory, InlineData(50), InlineData(1500), InlineData(5000)]
    public void Cuts_agree_with_a_full_sort(int vocabulary)
    {
        var random = new Rng((ulong)vocabulary);
        for (int round = 0; round < 60; round++)
        {
            // Rounded, so that there are ties.
            float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => MathF.Round(random.Normal() * 8) / 4)];
            var options = new SamplingOptions
            {
                Temperature = 0.3 + random.Below(20) / 10.0,
                TopK = random.Below(2) == 0 ? 0 : 1 + random.Below(vocabulary),
                TopP = random.Below(3) == 0 ? 1 : (1 + random.Below(99)) / 100.0,
                MinP = random.Below(3) == 0 ? 0 : random.Below(30) / 100.0,
                Seed = (ulong)round,
            };
            Assert.Equal(ReferenceDraw(logits, options), Sample(logits, options).TokenId);
        }
    }

    [Fact]
    public void Large_logits_and_small_temperatures_do_not_overflow()
    {
        var token = Sample([-1000, 1000, 999, -1000], new() { Temperature = 2e-5, TopP = 0.9, MinP = 0.1 });
        Assert.Equal(1, token.TokenId);
        Assert.Equal(0, token.SamplingLogprob);
    }

    // The rules read aloud: sort everything, cut, walk the ids.
    private static int ReferenceDraw(float[] logits, SamplingOptions options)
    {
        float[] scaled = [.. logits.Select(logit => logit / (float)options.Temperature)];
        float max = scaled.Max();
        var e = new float[scaled.Length];
        Softmax.Exp(scaled, max, e);
        int[] order = [.. Enumerable.Range(0, e.Length).OrderByDescending(id => scaled[id]).ThenBy(id => id)];
        if (options.TopK > 0) order = [.. order.Take(options.TopK)];
        if (options.TopP < 1)
        {
            double total = order.Order().Aggregate(0.0, (sum, id) => sum + e[id]), reached = 0;
            order = [.. order.TakeWhile(id => { bool take = reached < options.TopP * total; reached += e[id]; return take; })];
        }
        if (options.MinP > 0) order = [.. order.Where(id => e[id] >= (float)options.MinP)];
        int[] kept = [.. order.Order()];
        double mass = kept.Aggregate(0.0, (sum, id) => sum + e[id]), target = CounterRandom.Uniform(options.Seed!.Value, RandomPurpose.Sampling, 0, 0) * mass, walked = 0;
        foreach (int id in kept)
            if ((walked += e[id]) > target) return id;
        return kept[^1];
    }

    private static SortedDictionary<int, int> Draws(float[] logits, SamplingOptions options, int count)
    {
        var seen = new SortedDictionary<int, int>();
        for (int seed = 0; seed < count; seed++)
        {
            int id = Sample(logits, options with { Seed = (ulong)seed }).TokenId;
            seen[id] = seen.GetValueOrDefault(id) + 1;
        }
        return seen;
    }

    private static SampledToken Sample(float[] logits, SamplingOptions options, int top = 0, int[]? prompt = null, int[]? completion = null, int minTokens = 0, int[]? stops = null) =>
        Sampling.Sample(logits, options, top, prompt, completion, minTokens, stops);

    private static double[] Softmax64(float[] logits)
    {
        double[] e = [.. logits.Select(logit => Math.Exp((double)logit - logits.Max()))];
        return [.. e.Select(value => value / e.Sum())];
    }

    private static double Log(double p) => Math.Log(p);
}
