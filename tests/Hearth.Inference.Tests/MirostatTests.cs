namespace Hearth.Inference.Tests;

/// <summary>Mirostat on fixed distributions, whose surprises are known.</summary>
public sealed class MirostatTests
{
    private static readonly float[] Halves = [.. new[] { 0.5, 0.25, 0.125, 0.125 }.Select(p => (float)Math.Log(p))];

    [Theory, InlineData(3.5), InlineData(5.0), InlineData(7.0)]
    public void The_mean_surprise_comes_to_the_target(double target)
    {
        // Zipf's law over 2,000 tokens: an entropy of 8.2 bits; the best token has 3.03, below which no choice can come.
        double harmonic = Enumerable.Range(1, 2000).Sum(rank => 1.0 / rank);
        double[] surprises = [.. Enumerable.Range(1, 2000).Select(rank => Math.Log2(rank * harmonic))];
        float[] logits = [.. surprises.Select(bits => (float)(-bits * Math.Log(2) + 3))];

        double steered = Run(logits, new() { MirostatTarget = target, Seed = 11 }, 3000).Average(token => surprises[token.TokenId]);
        Assert.InRange(steered, target - 0.05, target + 0.05);
        Assert.InRange(Run(logits, new() { Seed = 11 }, 3000).Average(token => surprises[token.TokenId]), 8, 8.4);
    }

    [Fact]
    public void A_bound_follows_each_token_as_published()
    {
        // The first bound is 2.53 bits: tokens of 1 and 2 bits stay, renormalised to 2/3 and 1/3.
        var options = new SamplingOptions { MirostatTarget = 1.2671, MirostatRate = 0.5, Seed = 5 };
        double bound = 2 * 1.2671;
        foreach (var token in Run(Halves, options, 200, out var bounds))
        {
            Assert.Equal(bound, bounds.Dequeue(), 1e-5);
            double[] kept = bound >= 3 ? [0.5, 0.25, 0.125, 0.125] : bound >= 2 ? [0.5, 0.25] : [0.5];
            Assert.Equal(Math.Log(kept[token.TokenId] / kept.Sum()), token.SamplingLogprob, 1e-5);
            Assert.Equal(Halves[token.TokenId], token.Logprob, 1e-5);
            bound -= 0.5 * ((token.TokenId == 0 ? 1 : token.TokenId == 1 ? 2 : 3) - 1.2671);
        }
    }

    [Fact]
    public void However_low_the_bound_the_best_token_stays() =>
        Assert.All(Run(Halves, new() { MirostatTarget = 0, MirostatRate = 1, Seed = 5 }, 50), token => Assert.Equal((0, 0f), (token.TokenId, token.SamplingLogprob)));

    [Fact]
    public void It_steers_what_temperature_and_the_other_cuts_leave()
    {
        // Of the best two, 2/3 and 1/3: 0.585 and 1.585 bits. A bound of 1.4 leaves the first alone, whose 1 bit in the whole is not what counts.
        var token = Run(Halves, new() { TopK = 2, MirostatTarget = 0.7, MirostatRate = 0.1, Seed = 1 }, 1, out _).Single();
        Assert.Equal((0, 0f), (token.TokenId, token.SamplingLogprob));
        Assert.Equal(Math.Log2(1.5), token.Surprise, 1e-5);
        // Temperature 0.5: 8/11 and so on.
        token = Run(Halves, new() { Temperature = 0.5, MirostatTarget = 0.3, Seed = 1 }, 1).Single();
        Assert.Equal(Math.Log2(11 / 8.0), token.Surprise, 1e-5);
    }

    [Fact]
    public void Greedy_is_not_steered()
    {
        Assert.All(Run(Halves, SamplingOptions.Greedy with { MirostatTarget = 3 }, 20), token => Assert.Equal(0, token.TokenId));
    }

    private static List<SampledToken> Run(float[] logits, SamplingOptions options, int count) => Run(logits, options, count, out _);

    private static List<SampledToken> Run(float[] logits, SamplingOptions options, int count, out Queue<double> bounds)
    {
        var scheduler = new Scheduler(new() { PrefixCaching = false }, new BlockPool(count / 16 + 2, 16));
        var sequence = new Sequence(0, new() { PromptTokenIds = [0], MaxTokens = count, Sampling = options }, options.Seed ?? 0);
        var sampler = new Sampler(logits.Length);
        var tokens = new List<SampledToken>();
        bounds = new();
        scheduler.Add(sequence);
        while (scheduler.HasWork)
        {
            var plan = scheduler.Schedule();
            bounds.Enqueue(sequence.SurpriseBound);
            var samples = sampler.Sample(logits, plan, scheduler.Planned);
            scheduler.Commit(plan, samples);
            tokens.AddRange(samples);
        }
        return tokens;
    }
}
