using Hearth.Numerics;

namespace Hearth.Inference.Tests;

public sealed class ParallelSamplerTests
{
    private const int Vocabulary = 3000, Sequences = 24;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Rows_get_the_same_tokens_on_any_number_of_threads(int threads)
    {
        using var pool = new ComputePool(threads);
        var scheduler = new Scheduler(new() { PrefixCaching = false }, new BlockPool(64, 4));
        for (int i = 0; i < Sequences; i++) scheduler.Add(new Sequence(i, Request(i), seed: (ulong)i));
        var plan = scheduler.Schedule();
        using var block = NativeBlock.ForFloats((long)plan.Rows.Length * Vocabulary, out var logits);
        var random = new Rng(7);
        foreach (ref float logit in logits.Span) logit = random.Normal() * 3;

        var alone = new Sampler(Vocabulary).Sample(logits, plan, scheduler.Planned);
        var shared = new ParallelSampler(Vocabulary, pool).Sample(logits, plan, scheduler.Planned);
        Assert.Equal(plan.Samples, shared.Length);
        Assert.Equal(alone.Select(Bits), shared.Select(Bits));
    }

    private static (int, int, int) Bits(SampledToken token) =>
        (token.TokenId, BitConverter.SingleToInt32Bits(token.Logprob), BitConverter.SingleToInt32Bits(token.SamplingLogprob));

    private static GenerationOptions Request(int i) => new()
    {
        PromptTokenIds = [.. Enumerable.Range(0, 1 + i % 4).Select(t => i + t)],
        MaxTokens = 5,
        Choices = 1 + i % 3,
        PromptLogprobs = i % 5 == 0,
        Sampling = (i % 4) switch
        {
            0 => SamplingOptions.Greedy,
            1 => new() { Temperature = 0.8, TopP = 0.9, RepetitionPenalty = 1.2 },
            2 => new() { TypicalP = 0.5 },
            _ => new() { TopK = 50, MinP = 0.01 },
        },
    };
}
