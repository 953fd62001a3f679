namespace Hearth.Inference.Tests;

/// <summary>Drafts make answers faster and change nothing else: tokens, logprobs, ends.</summary>
public sealed class SpeculationTests
{
    private const int Vocabulary = 20;

    [Fact]
    public void An_answer_that_was_predicted_takes_few_steps()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(9);
        var expected = loop.Model.Greedy(prompt, 60);
        var sequence = loop.Add(Request(prompt, 60) with { PredictedTokenIds = [.. expected.Select(token => token.TokenId)] });
        loop.RunToEnd();
        Assert.Equal(expected, loop.Completion(sequence));
        // The prompt's step gives one token, the next ones 1 + 4, 1 + 8, then as many as a step has, and what is left.
        Assert.Equal([1, 5, 9, 16, 16, 13], loop.Model.Plans.Select(plan => plan.Rows.Length));
        Assert.Equal(new DraftCounts(54, 54, 54, 54), loop.Scheduler.Drafts);
    }

    [Fact]
    public void An_answer_that_repeats_itself_takes_few_steps()
    {
        var loop = new StepLoop(model: new HistoryModel(habit: 20));
        int[] prompt = StepLoop.Prompt(5);
        var expected = loop.Model.Greedy(prompt, 120);
        var sequence = loop.Add(Request(prompt, 120) with { NgramDrafts = 8 });
        loop.RunToEnd();
        Assert.Equal(expected, loop.Completion(sequence));
        Assert.InRange(loop.Model.Plans.Count, 20, 50);
        Assert.InRange(loop.Scheduler.Drafts.Accepted, 60, 120);
        Assert.Equal(0, loop.Scheduler.Drafts.Predicted);
    }

    [Fact]
    public void A_wrong_prediction_costs_a_row_now_and_then()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(9);
        var expected = loop.Model.Greedy(prompt, 200);
        // Every other token is wrong, so that the place is found again each time and the next token is wrong each time.
        int[] prediction = [.. expected.Select((token, i) => i % 3 == 2 ? (token.TokenId + 1) % 50 : token.TokenId)];
        var sequence = loop.Add(Request(prompt, 200) with { PredictedTokenIds = prediction });
        loop.RunToEnd();
        Assert.Equal(expected, loop.Completion(sequence));
        Assert.InRange(loop.Model.Plans.Sum(plan => plan.Tokens) - 200 - 9, 0, 120);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Speculation_changes_no_bit_whatever_else_happens(int seed)
    {
        var with = Run((ulong)seed, speculates: true);
        var without = Run((ulong)seed, speculates: false);
        Assert.Equal(without.Ends.OrderBy(end => end.Key), with.Ends.OrderBy(end => end.Key));
        foreach (var (key, expected) in without.Samples)
        {
            var actual = with.Samples[key];
            Assert.Equal(expected.Select(Describe), actual.Select(Describe));
        }
        Assert.True(with.Scheduler.Drafts is { Accepted: > 0 } drafts && drafts.Proposed > drafts.Accepted, "drafts were right and wrong");
        Assert.Equal(default, without.Scheduler.Drafts);
        Assert.True(with.Scheduler.Preemptions > 0 && with.Scheduler.CachedTokens > 0);
        Assert.Equal(with.Pool.Blocks, with.Pool.Available);

        static string Describe(SampledToken token) => $"{token.TokenId} {token.Logprob:r} {token.SamplingLogprob:r} {string.Join(',', token.Top.Select(top => $"{top.TokenId} {top.Logprob:r} {top.SamplingLogprob:r}"))}";
    }

    [Fact]
    public void Rows_of_wrong_drafts_are_not_found_in_the_prefix_cache()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(8);
        var expected = loop.Model.Greedy(prompt, 6);
        int[] wrong = [.. expected.Select((token, i) => i < 2 ? token.TokenId : (token.TokenId + 1) % 50)];
        loop.Add(Request(prompt, 6) with { PredictedTokenIds = wrong });
        loop.RunToEnd();
        // A request that begins with the wrong text computes all of it.
        int[] continued = [.. prompt, .. wrong];
        var second = loop.Add(Request(continued, 4));
        loop.RunToEnd();
        Assert.Equal(8, second.CachedTokens);
        Assert.Equal(loop.Model.Greedy(continued, 4), loop.Completion(second));
    }

    [Fact]
    public void Blocks_that_accepted_drafts_filled_are_found()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(6);
        int[] answer = [.. loop.Model.Greedy(prompt, 7).Select(token => token.TokenId)];
        loop.Add(Request(prompt, 7) with { PredictedTokenIds = answer });
        loop.RunToEnd();
        var second = loop.Add(Request([.. prompt, .. answer, 1, 2, 3], 2));
        loop.RunToEnd();
        Assert.Equal(12, second.CachedTokens); // as without drafts
    }

    [Fact]
    public void A_stop_token_among_the_drafts_ends_the_answer()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(6);
        int[] answer = [.. loop.Model.Greedy(prompt, 20).Select(token => token.TokenId)];
        int end = Enumerable.Range(3, 17).First(i => !answer[..i].Contains(answer[i]));
        var sequence = loop.Add(Request(prompt, 20) with { PredictedTokenIds = answer, StopTokenIds = [answer[end]] });
        loop.RunToEnd();
        Assert.Equal(end + 1, loop.Completion(sequence).Count);
        Assert.Equal(FinishReason.Stop, sequence.FinishReason);
    }

    [Fact]
    public void Drafts_stay_within_the_step()
    {
        var loop = new StepLoop(new() { TokenBudget = 12, MaxSequences = 4, LogitRows = 9, DraftRows = 64 }, new HistoryModel(blocks: 200));
        for (int i = 0; i < 6; i++)
        {
            int[] prompt = StepLoop.Prompt(5 + i, i);
            loop.Add(Request(prompt, 40) with { PredictedTokenIds = [.. loop.Model.Greedy(prompt, 40).Select(token => token.TokenId)] });
        }
        while (loop.Scheduler.HasWork)
        {
            var (plan, _) = loop.Step();
            Assert.InRange(plan.Tokens, 1, 12);
            Assert.InRange(plan.Rows.Length, 0, 9);
        }
        Assert.True(loop.Scheduler.Drafts.Accepted > 0);
    }

    [Fact]
    public void A_large_batch_has_no_drafts()
    {
        var loop = new StepLoop(new() { DraftRows = 8 }, new HistoryModel(blocks: 400));
        for (int i = 0; i < 8; i++)
        {
            int[] prompt = StepLoop.Prompt(5 + i, i);
            loop.Add(Request(prompt, 20) with { PredictedTokenIds = [.. loop.Model.Greedy(prompt, 20).Select(token => token.TokenId)] });
        }
        loop.RunToEnd();
        Assert.Equal(0, loop.Scheduler.Drafts.Proposed);
    }

    private static GenerationOptions Request(int[] prompt, int maxTokens) =>
        new() { PromptTokenIds = prompt, MaxTokens = maxTokens, Sampling = SamplingOptions.Greedy, NgramDrafts = 0 };

    // Few blocks, so that sharing, copying, eviction and preemption happen; drafts right and wrong; all that sampling can do.
    private static StepLoop Run(ulong seed, bool speculates)
    {
        var random = new Rng(seed);
        var options = new SchedulerOptions { TokenBudget = random.Between(10, 40), MaxSequences = 5, LogitRows = random.Between(8, 40), DraftRows = 40 };
        var loop = new StepLoop(options, new HistoryModel(Vocabulary, blocks: 20, habit: 6));
        for (int i = 0; i < 30; i++)
        {
            int[] prompt = [.. StepLoop.Prompt(random.Between(1, 20), random.Below(3)).Select(token => token % Vocabulary)];
            int maxTokens = random.Between(1, 40);
            int[] prediction = [.. loop.Model.Greedy(prompt, 30).Select(token => random.Below(6) == 0 ? random.Below(Vocabulary) : token.TokenId)];
            var request = Request(prompt, maxTokens) with
            {
                Choices = random.Below(4) == 0 ? 3 : 1,
                TopLogprobs = random.Below(3),
                PromptLogprobs = random.Below(5) == 0,
                MinTokens = random.Below(3) == 0 ? 10 : 0,
                StopTokenIds = random.Below(3) == 0 ? [random.Below(Vocabulary)] : [],
                Sampling = Sampling(random, (ulong)i),
            };
            int kind = random.Below(4);
            if (speculates) request = request with { NgramDrafts = kind is 0 or 2 ? 8 : 0, PredictedTokenIds = kind > 0 ? prediction : null };
            loop.Add(request);
            for (int step = random.Below(4); step > 0 && loop.Scheduler.HasWork; step--) loop.Step();
        }
        loop.RunToEnd();
        return loop;
    }

    private static SamplingOptions Sampling(Rng random, ulong seed) => (random.Below(6), seed) switch
    {
        (0, _) => new() { Temperature = 0.8, TopK = 10, TopP = 0.9, Seed = seed },
        (1, _) => new() { Temperature = 0, RepetitionPenalty = 1.1, FrequencyPenalty = 0.3, PresencePenalty = 0.2 },
        (2, _) => new() { Temperature = 1, MirostatTarget = 1.5, Seed = seed },
        (3, _) => new() { Temperature = 0.6, FrequencyPenalty = 0.5, MinP = 0.05, TypicalP = 0.9, Seed = seed, LogitBias = new Dictionary<int, float> { [3] = 4 } },
        _ => SamplingOptions.Greedy,
    };
}
