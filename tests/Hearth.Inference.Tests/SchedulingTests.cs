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
