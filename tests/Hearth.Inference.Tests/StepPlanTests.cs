namespace Hearth.Inference.Tests;

public sealed class StepPlanTests
{
    [Fact]
    public void A_plan_is_a_value_that_prints_itself()
    {
        var loop = new StepLoop(new() { TokenBudget = 8, MaxSequences = 4 });
        loop.Add([1, 2, 3, 4, 5], maxTokens: 2, choices: 2, addon: "adapter");
        loop.Add([6, 7, 8, 9, 10, 11], maxTokens: 0, promptLogprobs: true);
        Assert.Equal(
            """
            step 0: 8 tokens
              1.0: 0+[6 7 8] in [2] 0 1 2
              0.0 adapter: 0+[1 2 3 4 5] in [0 1] 4×2
            """, loop.Scheduler.Schedule().ToString());
    }

    [Fact]
    public void Plans_are_equal_where_their_content_is()
    {
        var plans = new StepPlan[2][];
        for (int run = 0; run < plans.Length; run++)
        {
            var loop = new StepLoop(model: new HistoryModel(blocks: 12));
            for (int i = 0; i < 3; i++) loop.Add(StepLoop.Prompt(5 + i, i), maxTokens: 9, choices: 1 + i % 2);
            loop.RunToEnd();
            plans[run] = [.. loop.Model.Plans];
        }
        Assert.Equal(plans[0], plans[1]);
        Assert.Equal(plans[0].Length, plans[0].Distinct().Count());
    }

    [Fact]
    public void A_kept_plan_does_not_change_with_the_next_step()
    {
        var loop = new StepLoop();
        loop.Add(StepLoop.Prompt(9), maxTokens: 4);
        var (plan, _) = loop.Step();
        var kept = plan.Copy();
        Assert.Equal(plan, kept);
        loop.Step();
        Assert.NotEqual(plan, kept);
        Assert.Equal(9, kept.Tokens);
    }
}
