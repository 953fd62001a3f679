namespace Hearth.Inference.Tests;

/// <summary>
/// Random operations on small caches: requests that share prompts, adapters and accounts, choices, drafts, stops, cancellations, forgotten caches. After each one
/// all invariants hold; in the end everybody has the answer that the model gives alone.
/// </summary>
public sealed class SchedulerOperationsTests
{
    private const int Vocabulary = 20, LongestPrompt = 26, MostTokens = 12;

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Random_operations_keep_the_invariants_and_the_answers(int seed)
    {
        var random = new Rng((ulong)seed);
        int sequences = random.Between(2, 7);
        var loop = new StepLoop(
            new()
            {
                MaxSequences = sequences,
                TokenBudget = random.Between(sequences, 30),
                LogitRows = random.Between(sequences, 14),
                MaxChunk = random.Between(0, 5),
                DraftRows = random.Between(0, 20),
            },
            new HistoryModel(Vocabulary, blocks: random.Between(12, 22), habit: 4));
        var audit = new BlockAudit(loop);
        var requests = new List<Sequence>();
        var removed = new HashSet<SequenceId>();
        for (int operation = 0; operation < 400; operation++)
        {
            switch (random.Below(20))
            {
                case < 4:
                    requests.Add(loop.Add(RandomRequest(random, loop.Model)));
                    break;
                case 4 when loop.Scheduler.HasWork:
                    Cancel(loop, random, removed);
                    break;
                case 5:
                    loop.Pool.ClearCache();
                    break;
                default:
                    if (!loop.Scheduler.HasWork) break;
                    loop.Step();
                    audit.CheckProgress(longest: LongestPrompt + MostTokens);
                    break;
            }
            audit.Check();
        }
        while (loop.Scheduler.HasWork)
        {
            loop.Step();
            audit.Check();
            audit.CheckProgress(longest: LongestPrompt + MostTokens);
        }
        Assert.Equal(loop.Pool.Blocks, loop.Pool.Available);
        foreach (var request in requests.Where(request => request.MaxTokens > 0)) CheckAnswers(loop, request, removed);
        Assert.True(loop.Scheduler.Preemptions > 0 && loop.Scheduler.CachedTokens > 0 && loop.Pool.Evictions > 0, "the cache was small enough");
    }

    private static GenerationOptions RandomRequest(Rng random, HistoryModel model)
    {
        // Few different prompts, so that prefixes meet.
        int[] prompt = [.. StepLoop.Prompt(random.Between(1, LongestPrompt), random.Below(2)).Select(token => token % Vocabulary)];
        int maxTokens = random.Below(8) == 0 ? 0 : random.Between(1, MostTokens);
        string? adapter = random.Below(3) == 0 ? "a" : null;
        return new()
        {
            PromptTokenIds = prompt,
            MaxTokens = maxTokens,
            Choices = maxTokens == 0 ? 1 : random.Between(1, 4),
            PromptLogprobs = random.Below(4) == 0,
            Addon = adapter is null ? null : new Addon(adapter, adapter),
            Account = random.Below(3) switch { 0 => null, 1 => "one", _ => "other" },
            IsolationKey = random.Below(4) == 0 ? "key" : null,
            IsUrgent = random.Below(4) == 0,
            StopTokenIds = random.Below(3) == 0 ? [random.Below(Vocabulary)] : [],
            NgramDrafts = random.Below(2) * 8,
            PredictedTokenIds = random.Below(4) == 0 ? [.. model.Greedy(prompt, MostTokens, adapter).Select(token => random.Below(6) == 0 ? random.Below(Vocabulary) : token.TokenId)] : null,
            Sampling = SamplingOptions.Greedy,
        };
    }

    private static void Cancel(StepLoop loop, Rng random, HashSet<SequenceId> removed)
    {
        var live = loop.Scheduler.Running.Concat(loop.Scheduler.Waiting).OrderBy(sequence => sequence, Scheduler.ByArrival).ToArray();
        var victim = live[random.Below(live.Length)];
        for (int choice = victim.Choice; choice <= victim.Choice + victim.PendingChoices; choice++) removed.Add(new(victim.Arrival, choice));
        loop.Scheduler.Remove(victim, FinishReason.Cancelled);
    }

    private static void CheckAnswers(StepLoop loop, Sequence request, HashSet<SequenceId> removed)
    {
        var expected = loop.Model.Greedy(request.Options.PromptTokenIds, request.MaxTokens, request.Options.Addon?.Hash);
        int stop = expected.FindIndex(token => request.Options.StopTokenIds.Contains(token.TokenId));
        if (stop >= 0) expected = expected[..(stop + 1)];
        for (int choice = 0; choice < request.Options.Choices; choice++)
        {
            var completion = loop.Completions.GetValueOrDefault((request.Arrival, choice)) ?? [];
            if (!removed.Contains(new(request.Arrival, choice))) Assert.Equal(expected.Count, completion.Count);
            Assert.Equal(expected.Take(completion.Count), completion);
        }
    }

    [Fact]
    public void A_step_of_decoding_allocates_next_to_nothing()
    {
#if DEBUG
        Assert.Skip("Debug builds check all invariants at every step.");
#endif
        const int Sequences = 32, Steps = 200;
        var pool = new BlockPool(Sequences * 20, 64);
        var scheduler = new Scheduler(new() { PrefixCaching = false }, pool);
        for (int i = 0; i < Sequences; i++)
            scheduler.Add(new Sequence(i, new() { PromptTokenIds = StepLoop.Prompt(10), MaxTokens = 1000, Account = $"{i % 5}", Sampling = SamplingOptions.Greedy }));
        var samples = new SampledToken[Sequences];
        Array.Fill(samples, new SampledToken(1, 0, 0, []));
        for (int step = 0; step < 340; step++) scheduler.Commit(scheduler.Schedule(), samples.AsSpan(0, scheduler.Planned.Count));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 0; step < Steps; step++) scheduler.Commit(scheduler.Schedule(), samples.AsSpan(0, scheduler.Planned.Count));
        long perToken = (GC.GetAllocatedBytesForCurrentThread() - before) / (Steps * Sequences);
        // Between two growths of the sequences' own lists: a plan, its sorting and its outputs take nothing.
        Assert.True(perToken <= 1, $"{perToken} bytes a token");
    }
}
