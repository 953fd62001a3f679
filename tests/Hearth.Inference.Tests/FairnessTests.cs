namespace Hearth.Inference.Tests;

public sealed class FairnessTests
{
    private static readonly SchedulerOptions Small = new() { TokenBudget = 32, MaxSequences = 8, LogitRows = 8 };

    [Fact]
    public void A_thousand_long_prompts_do_not_starve_a_short_one()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 200));
        for (int i = 0; i < 1000; i++) loop.Add(StepLoop.Prompt(60, i), maxTokens: 30, account: "crowd");
        for (int step = 0; step < 20; step++) loop.Step();
        var single = loop.Add(StepLoop.Prompt(5, 3), maxTokens: 4, account: "single");
        for (int step = 0; step < 5; step++) loop.Step();
        Assert.Equal(SequenceState.Finished, single.State);
    }

    [Fact]
    public void A_long_prompt_shares_its_steps_with_the_prompts_of_others()
    {
        // Both arrive at once; the long prompt alone would take the budgets of the next four steps.
        var loop = new StepLoop(new() { TokenBudget = 256, MaxSequences = 8 }, new HistoryModel(blocks: 400));
        loop.Add(StepLoop.Prompt(1000), maxTokens: 1, account: "long");
        var other = loop.Add(StepLoop.Prompt(100, 3), maxTokens: 1, account: "short");
        var (plan, _) = loop.Step();
        Assert.Equal([156, 100], plan.Sequences.ToArray().Select(part => part.Count));
        Assert.Equal(SequenceState.Finished, other.State);
    }

    [Fact]
    public void Accounts_that_always_ask_get_equal_service_whatever_they_ask_for()
    {
        // Few long prompts, many short ones, long completions, several choices, an adapter.
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        for (int i = 0; i < 400; i++)
        {
            loop.Add(StepLoop.Prompt(60, i), maxTokens: 1, account: "a");
            loop.Add(StepLoop.Prompt(3, i), maxTokens: 3, account: "b");
            loop.Add(StepLoop.Prompt(2, i), maxTokens: 40, account: "c");
            loop.Add(StepLoop.Prompt(9, i), maxTokens: 5, choices: 3, account: "d");
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 10, account: "e", addon: "x");
        }
        AssertEqualService(loop, steps: 500, tolerance: 0.1, "a", "b", "c", "d", "e");
    }

    [Fact]
    public void The_adapters_of_an_account_get_equal_service()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        for (int i = 0; i < 300; i++)
        {
            loop.Add(StepLoop.Prompt(50, i), maxTokens: 2, addon: "x");
            loop.Add(StepLoop.Prompt(4, i), maxTokens: 12, addon: "y");
            loop.Add(StepLoop.Prompt(17, i), maxTokens: 6);
        }
        AssertEqualService(loop, steps: 400, tolerance: 0.1, "x", "y", null);
    }

    [Fact]
    public void An_account_gets_no_more_by_spreading_over_adapters()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        for (int i = 0; i < 300; i++)
        {
            for (int adapter = 0; adapter < 4; adapter++) loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "spread", addon: $"x{adapter}");
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "plain");
        }
        AssertEqualService(loop, steps: 300, tolerance: 0.1, "spread", "plain");
    }

    [Fact]
    public void Urgent_requests_get_four_times_the_service_within_their_account_and_none_of_others()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        for (int i = 0; i < 400; i++)
        {
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "a", urgent: true);
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "a");
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "b");
        }
        var service = ServiceOf(loop, steps: 400, sequence => sequence.Options is { Account: "a", IsUrgent: true } ? "urgent" : sequence.Options.Account!);
        Assert.InRange((double)service["urgent"] / service["a"], 3.6, 4.4);
        Assert.InRange((double)(service["urgent"] + service["a"]) / service["b"], 0.9, 1.1);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_newcomer_starts_with_the_least_served_of_those_that_are_there(bool wasHereBefore)
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        if (wasHereBefore) loop.Add(StepLoop.Prompt(2), maxTokens: 1, account: "late");
        for (int i = 0; i < 900; i++) loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "early");
        for (int step = 0; step < 200; step++) loop.Step();
        for (int i = 0; i < 900; i++) loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "late");
        // With the past as a claim, the late one would now have all for 200 steps.
        AssertEqualService(loop, steps: 200, tolerance: 0.1, "early", "late");
    }

    [Fact]
    public void Leaving_and_coming_back_does_not_wipe_out_what_was_served()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 80));
        for (int i = 0; i < 600; i++) loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "steady");
        // One request at a time, the next one as soon as it ends: never in the queue when the last one ends.
        var service = new Dictionary<string, long>();
        Sequence? current = null;
        for (int step = 0; step < 400; step++)
        {
            if (current is null or { State: SequenceState.Finished }) current = loop.Add(StepLoop.Prompt(28, step), maxTokens: 1, account: "returning");
            Count(loop, service, sequence => sequence.Options.Account!);
        }
        Assert.True(service["returning"] <= service["steady"] * 1.1, $"{service["returning"]} against {service["steady"]}");
    }

    [Fact]
    public void Blocks_are_taken_back_from_the_most_served()
    {
        // "a" has had more when blocks run out, although it came first.
        var loop = new StepLoop(model: new HistoryModel(blocks: 16));
        var rich = loop.Add(StepLoop.Prompt(30), maxTokens: 26, account: "a");
        var poor = loop.Add(StepLoop.Prompt(3, 1), maxTokens: 40, account: "b");
        loop.RunToEnd();
        Assert.Equal(0, poor.Preemptions);
        Assert.True(rich.Preemptions > 0);
        Assert.Equal(loop.Model.Greedy(rich.Options.PromptTokenIds, 26), loop.Completion(rich));
    }

    [Fact]
    public void Those_in_the_middle_keep_their_blocks()
    {
        // The least served one needs a block when there is none: not the next one gives one up, but the last.
        var loop = new StepLoop(model: new HistoryModel(blocks: 16));
        var rich = loop.Add(StepLoop.Prompt(30), maxTokens: 20, account: "a");
        var poor = loop.Add(StepLoop.Prompt(3, 1), maxTokens: 12, account: "b");
        var middle = loop.Add(StepLoop.Prompt(14, 2), maxTokens: 8, account: "c");
        loop.RunToEnd();
        Assert.True(rich.Preemptions > 0);
        Assert.Equal((0, 0), (poor.Preemptions, middle.Preemptions));
    }

    [Fact]
    public void An_account_that_runs_nothing_gets_a_place_from_one_that_runs_several()
    {
        var loop = new StepLoop(new() { TokenBudget = 32, MaxSequences = 3, LogitRows = 8 }, new HistoryModel(blocks: 400));
        var crowd = Enumerable.Range(0, 4).Select(i => loop.Add(StepLoop.Prompt(6, i), maxTokens: 300, account: "a")).ToArray();
        for (int step = 0; step < 10; step++) loop.Step();
        var b = loop.Add(StepLoop.Prompt(6, 9), maxTokens: 300, account: "b");
        var c = loop.Add(StepLoop.Prompt(6, 11), maxTokens: 300, account: "c");
        loop.Step();
        loop.Step();
        Assert.Equal([SequenceState.Running, SequenceState.Waiting, SequenceState.Waiting, SequenceState.Waiting], crowd.Select(sequence => sequence.State));
        var d = loop.Add(StepLoop.Prompt(6, 12), maxTokens: 5, account: "d");
        loop.Step();
        // The last place of an account is its own.
        Assert.Equal((SequenceState.Running, SequenceState.Running, SequenceState.Waiting), (b.State, c.State, d.State));
        Assert.Equal(2, loop.Scheduler.Preemptions);
        loop.RunToEnd();
        foreach (var sequence in (Sequence[])[.. crowd, b, c, d]) Assert.Equal(loop.Model.Greedy(sequence.Options.PromptTokenIds, sequence.MaxTokens), loop.Completion(sequence));
    }

    [Fact]
    public void What_the_cache_gives_is_not_counted_as_service()
    {
        var loop = new StepLoop(Small, new HistoryModel(blocks: 200));
        int[] system = StepLoop.Prompt(40);
        loop.Add([.. system, 7], maxTokens: 1, account: "a");
        loop.RunToEnd();
        for (int i = 0; i < 300; i++)
        {
            loop.Add([.. system, i % 50], maxTokens: 4, account: "a");
            loop.Add(StepLoop.Prompt(20, i), maxTokens: 4, account: "b");
        }
        AssertEqualService(loop, steps: 150, tolerance: 0.1, "a", "b");
    }

    [Fact]
    public void Counters_of_accounts_that_left_are_forgotten()
    {
        var shares = new ShareSet<string, AccountShare>();
        var stays = shares.Enter("stays", _ => new());
        for (int i = 0; i < 1000; i++)
        {
            var passing = shares.Enter($"passing {i}", _ => new());
            passing.Served += 5;
            shares.Leave(passing);
            stays.Served += 10;
        }
        Assert.True(shares.All.Count <= 2);
        shares.Leave(stays);
        Assert.Empty(shares.All);
    }

    private static void AssertEqualService(StepLoop loop, int steps, double tolerance, params string?[] names)
    {
        bool byAccount = loop.Scheduler.Waiting.Concat(loop.Scheduler.Running).Any(sequence => sequence.Options.Account is not null);
        var service = ServiceOf(loop, steps, sequence => (byAccount ? sequence.Options.Account : sequence.Options.Addon?.Name) ?? "");
        Assert.Equal(names.Select(name => name ?? "").Order(), service.Keys.Order());
        double mean = service.Values.Average();
        Assert.All(service, one => Assert.InRange(one.Value / mean, 1 - tolerance, 1 + tolerance));
        // All of them were asking all the time, else equal shares would not be fair ones.
        foreach (string name in service.Keys)
            Assert.Contains(loop.Scheduler.Waiting, sequence => ((byAccount ? sequence.Options.Account : sequence.Options.Addon?.Name) ?? "") == name);
    }

    /// <summary>Tokens computed and generated by name, from the plans: the scheduler's own counters are not asked.</summary>
    private static Dictionary<string, long> ServiceOf(StepLoop loop, int steps, Func<Sequence, string> name)
    {
        var service = new Dictionary<string, long>();
        for (int step = 0; step < steps; step++) Count(loop, service, name);
        return service;
    }

    private static void Count(StepLoop loop, Dictionary<string, long> service, Func<Sequence, string> name)
    {
        var (plan, outputs) = loop.Step();
        for (int i = 0; i < plan.Sequences.Length; i++) Add(loop.Scheduler.Planned[i], plan.Sequences[i].Count);
        foreach (var output in outputs)
            if (output is { IsPrompt: false, Token: not null }) Add(output.Sequence, 1);

        void Add(Sequence sequence, int tokens) => service[name(sequence)] = service.GetValueOrDefault(name(sequence)) + tokens;
    }
}
