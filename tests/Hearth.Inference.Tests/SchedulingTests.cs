namespace Hearth.Inference.Tests;

public sealed class SchedulingTests
{
    [Fact]
    public void A_step_never_exceeds_its_budgets()
    {
        var loop = new StepLoop(new() { TokenBudget = 16, MaxSequences = 8, LogitRows = 10 }, new HistoryModel(blocks: 200));
        for (int i = 0; i < 20; i++) loop.Add(StepLoop.Prompt(1 + i * 3, i), maxTokens: 1 + i % 5, promptLogprobs: i % 3 == 0);
        while (loop.Scheduler.HasWork)
        {
            var (plan, _) = loop.Step();
            Assert.InRange(plan.Tokens, 1, 16);
            Assert.InRange(plan.Rows.Length, 0, 10);
            Assert.InRange(plan.Sequences.Length, 1, 8);
        }
    }

    [Fact]
    public void A_long_prompt_does_not_stop_running_sequences()
    {
        var loop = new StepLoop(new() { TokenBudget = 8, MaxSequences = 4 }, new HistoryModel(blocks: 200));
        var talker = loop.Add(StepLoop.Prompt(3), maxTokens: 10);
        loop.Step();
        loop.Add(StepLoop.Prompt(80, 1), maxTokens: 2);
        for (int produced = 2; produced <= 10; produced++)
        {
            var (plan, _) = loop.Step();
            Assert.Equal(produced, talker.CompletionTokens);
            Assert.Equal(8, plan.Tokens); // what the talker leaves goes to the prompt
        }
    }

    [Fact]
    public void Sequences_are_admitted_in_order_of_arrival()
    {
        var loop = new StepLoop(new() { TokenBudget = 512, MaxSequences = 2 });
        var sequences = Enumerable.Range(0, 6).Select(i => loop.Add(StepLoop.Prompt(3, i), maxTokens: 2)).ToArray();
        var order = new List<long>();
        while (loop.Scheduler.HasWork)
            foreach (var output in loop.Step().Outputs)
                if (output.Index == 0) order.Add(output.Sequence.Arrival);
        Assert.Equal([0, 1, 2, 3, 4, 5], order);
    }

    [Fact]
    public void A_small_newcomer_does_not_overtake_a_large_one()
    {
        var loop = new StepLoop(model: new HistoryModel(blocks: 10));
        loop.Add(StepLoop.Prompt(20), maxTokens: 4);
        loop.Step();
        var large = loop.Add(StepLoop.Prompt(30, 1), maxTokens: 2);
        var small = loop.Add(StepLoop.Prompt(2, 2), maxTokens: 2);
        loop.Step();
        Assert.Equal(SequenceState.Waiting, large.State);
        Assert.Equal(SequenceState.Waiting, small.State);
        loop.RunToEnd();
        Assert.Equal(SequenceState.Finished, small.State);
    }

    [Fact]
    public void The_last_arrival_is_preempted_and_the_first_never()
    {
        var loop = new StepLoop(model: new HistoryModel(blocks: 9));
        var sequences = Enumerable.Range(0, 3).Select(i => loop.Add(StepLoop.Prompt(4, i), maxTokens: 28)).ToArray();
        loop.RunToEnd();
        Assert.Equal(0, sequences[0].Preemptions);
        Assert.True(sequences[2].Preemptions >= sequences[1].Preemptions && sequences[2].Preemptions > 0);
        foreach (var sequence in sequences) Assert.Equal(loop.Model.Greedy(sequence.Options.PromptTokenIds, 28), loop.Completion(sequence));
    }

    [Fact]
    public void A_sequence_that_could_never_run_is_refused()
    {
        var loop = new StepLoop(model: new HistoryModel(blocks: 4));
        var fault = Assert.Throws<ArgumentException>(() => loop.Add(StepLoop.Prompt(10), maxTokens: 7));
        Assert.Contains("5 KV blocks", fault.Message);
    }

    [Theory]
    [InlineData(8, 16, 64)]
    [InlineData(512, 16, 8)]
    public void Options_that_would_starve_a_sequence_are_refused(int budget, int sequences, int rows) =>
        Assert.Throws<ArgumentException>(() => new Scheduler(new() { TokenBudget = budget, MaxSequences = sequences, LogitRows = rows }, new BlockPool(4, 4)));

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Random_operations_keep_the_invariants_and_the_answers(int seed)
    {
        // A small cache, so that sharing, copying, eviction and preemption all happen; Verify runs after every step.
        var random = new Rng((ulong)seed);
        var loop = new StepLoop(
            new() { TokenBudget = random.Between(6, 30), MaxSequences = 6, LogitRows = random.Between(6, 12), MaxChunk = random.Between(0, 5) },
            new HistoryModel(vocabulary: 20, blocks: random.Between(14, 24)));
        var requests = new List<Sequence>();
        var removed = new HashSet<(long, int)>();
        for (int operation = 0; operation < 400; operation++)
        {
            int kind = random.Below(10);
            if (kind < 2)
            {
                // Few different prompts, so that prefixes meet.
                int[] prompt = [.. StepLoop.Prompt(random.Between(1, 26), random.Below(2)).Select(token => token % 20)];
                int maxTokens = random.Below(8) == 0 ? 0 : random.Between(1, 12);
                requests.Add(loop.Add(prompt, maxTokens, choices: maxTokens == 0 ? 1 : random.Between(1, 4),
                    promptLogprobs: random.Below(4) == 0, addon: random.Below(3) == 0 ? "a" : null));
            }
            else if (kind == 2 && loop.Scheduler.HasWork)
            {
                var live = loop.Scheduler.Running.Concat(loop.Scheduler.Waiting).ToArray();
                var victim = live[random.Below(live.Length)];
                for (int choice = victim.Choice; choice <= victim.Choice + victim.PendingChoices; choice++) removed.Add((victim.Arrival, choice));
                loop.Scheduler.Remove(victim, FinishReason.Cancelled);
                loop.Scheduler.Verify();
            }
            else if (loop.Scheduler.HasWork) loop.Step();
        }
        loop.RunToEnd();
        Assert.Equal(loop.Pool.Blocks, loop.Pool.Available);
        Assert.True(loop.Scheduler.Preemptions > 0 && loop.Scheduler.CachedTokens > 0 && loop.Pool.Evictions > 0 && loop.Model.Plans.Any(plan => plan.Copies.Length > 0));
        foreach (var request in requests.Where(request => request.MaxTokens > 0))
        {
            var expected = loop.Model.Greedy(request.Options.PromptTokenIds, request.MaxTokens, request.Options.Addon?.Hash);
            for (int choice = 0; choice < request.Options.Choices; choice++)
            {
                var completion = loop.Completions.GetValueOrDefault((request.Arrival, choice)) ?? [];
                if (!removed.Contains((request.Arrival, choice))) Assert.Equal(request.MaxTokens, completion.Count);
                Assert.Equal(expected.Take(completion.Count), completion);
            }
        }
    }

    [Fact]
    public void Removing_a_sequence_at_any_step_leaks_no_block()
    {
        for (int step = 0; step < 14; step++)
        {
            var loop = new StepLoop(new() { TokenBudget = 8, MaxSequences = 8 });
            var victim = loop.Add(StepLoop.Prompt(21), maxTokens: 8, choices: 3);
            loop.Add(StepLoop.Prompt(21), maxTokens: 8);
            for (int i = 0; i < step && loop.Scheduler.HasWork; i++) loop.Step();
            foreach (var sequence in loop.Scheduler.Running.Concat(loop.Scheduler.Waiting).Where(s => s.Arrival == victim.Arrival).ToArray())
                loop.Scheduler.Remove(sequence, FinishReason.Cancelled);
            loop.Scheduler.Verify();
            loop.RunToEnd();
            Assert.Equal(loop.Pool.Blocks, loop.Pool.Available);
        }
    }
}
