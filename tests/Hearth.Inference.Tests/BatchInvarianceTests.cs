namespace Hearth.Inference.Tests;

/// <summary>Batching must not change answers: the same prompt gives the same tokens alone, in a crowd, chunked, after preemption, after a prefix hit.</summary>
public sealed class BatchInvarianceTests
{
    private static readonly int[] Prompt = StepLoop.Prompt(23);

    [Fact]
    public void A_prompt_alone_continues_as_the_model_says()
    {
        var loop = new StepLoop();
        var sequence = loop.Add(Prompt, maxTokens: 12);
        loop.RunToEnd();
        Assert.Equal(loop.Model.Greedy(Prompt, 12), loop.Completion(sequence));
    }

    [Fact]
    public void A_crowd_does_not_change_anyones_answer()
    {
        var loop = new StepLoop(new() { TokenBudget = 40, MaxSequences = 32, LogitRows = 32 }, new HistoryModel(blocks: 400));
        var sequences = Enumerable.Range(0, 40).Select(i => loop.Add(StepLoop.Prompt(1 + i * 5 % 37, i), maxTokens: 3 + i % 9)).ToArray();
        loop.RunToEnd();
        foreach (var sequence in sequences)
            Assert.Equal(loop.Model.Greedy(sequence.Options.PromptTokenIds, sequence.MaxTokens), loop.Completion(sequence));
    }

    [Fact]
    public void A_crowd_does_not_change_what_is_drawn()
    {
        SamplingOptions[] kinds =
        [
            new() { Seed = 1 }, new() { Temperature = 0.7, TopK = 9, TopP = 0.9, Seed = 2 }, new() { Temperature = 1.3, MinP = 0.05, TypicalP = 0.8, Seed = 3 }, new() { MirostatTarget = 3, Seed = 4 },
            new() { RepetitionPenalty = 1.2, FrequencyPenalty = 0.4, PresencePenalty = 0.3, Seed = 5 }, new() { LogitBias = new Dictionary<int, float> { [7] = 2 }, Seed = 6 },
        ];
        GenerationOptions[] requests = [.. Enumerable.Range(0, 24).Select(i => new GenerationOptions
        {
            PromptTokenIds = StepLoop.Prompt(1 + i * 5 % 37, i),
            MaxTokens = 3 + i % 9,
            MinTokens = i % 4,
            StopTokenIds = [11, 12, 13],
            TopLogprobs = i % 3,
            Choices = 1 + i % 5 / 4 * 2,
            Sampling = kinds[i % kinds.Length],
        })];
        var crowd = new StepLoop(new() { TokenBudget = 50, MaxSequences = 40, LogitRows = 50 }, new HistoryModel(blocks: 500));
        var together = requests.Select(crowd.Add).ToArray();
        crowd.RunToEnd();
        for (int i = 0; i < requests.Length; i++)
        {
            var alone = new StepLoop();
            var sequence = alone.Add(requests[i]);
            alone.RunToEnd();
            for (int choice = 0; choice < requests[i].Choices; choice++)
                Assert.Equal(alone.Samples[(sequence.Arrival, choice)].Select(Describe), crowd.Samples[(together[i].Arrival, choice)].Select(Describe));
        }

        static string Describe(SampledToken token) => $"{token.TokenId} {token.Logprob:r} {token.SamplingLogprob:r} {token.Surprise:r} {string.Join(' ', token.Top.Select(top => $"{top}{top.SamplingLogprob:r}"))}";
    }

    [Theory, InlineData(1), InlineData(3), InlineData(4), InlineData(5), InlineData(22), InlineData(23)]
    public void Chunks_of_any_size_give_the_same_answer(int chunk)
    {
        var loop = new StepLoop(new() { MaxChunk = chunk });
        var sequence = loop.Add(Prompt, maxTokens: 6);
        loop.RunToEnd();
        Assert.Equal(loop.Model.Greedy(Prompt, 6), loop.Completion(sequence));
        Assert.Equal((23 + chunk - 1) / chunk + 5, loop.Model.Plans.Count);
    }

    [Fact]
    public void A_preempted_sequence_gives_the_same_answer()
    {
        // 12 blocks of 4: two sequences of 5 + 30 tokens need 18.
        var loop = new StepLoop(model: new HistoryModel(blocks: 12));
        var first = loop.Add(StepLoop.Prompt(5), maxTokens: 30);
        var second = loop.Add(StepLoop.Prompt(5, 3), maxTokens: 30);
        loop.RunToEnd();
        Assert.True(second.Preemptions > 0);
        Assert.Equal(0, first.Preemptions);
        Assert.Equal(loop.Model.Greedy(first.Options.PromptTokenIds, 30), loop.Completion(first));
        Assert.Equal(loop.Model.Greedy(second.Options.PromptTokenIds, 30), loop.Completion(second));
    }

    [Fact]
    public void A_prefix_hit_gives_the_same_answer()
    {
        var loop = new StepLoop();
        loop.Add(Prompt, maxTokens: 6);
        loop.RunToEnd();
        var again = loop.Add(Prompt, maxTokens: 6);
        loop.RunToEnd();
        Assert.Equal(20, again.CachedTokens);
        Assert.Equal(loop.Model.Greedy(Prompt, 6), loop.Completion(again));
    }
}
