namespace Hearth.Inference.Tests;

public sealed class ChoicesTests
{
    [Theory, InlineData(8), InlineData(10), InlineData(3)]
    public void Choices_compute_their_prompt_once(int promptLength)
    {
        var loop = new StepLoop();
        loop.Add(StepLoop.Prompt(promptLength), maxTokens: 6, choices: 5, temperature: 1);
        loop.RunToEnd();
        // The prompt, then five tokens for each choice: the sixth is sampled and never computed.
        Assert.Equal(promptLength + 5 * 5, loop.Model.Plans.Sum(plan => plan.Tokens));
        Assert.Equal(5, loop.Completions.Count);
        Assert.Equal(promptLength % 4 == 0 ? 0 : 4, loop.Model.Plans.Sum(plan => plan.Copies.Length));
    }

    [Theory, InlineData(null), InlineData(2.5)] // with mirostat a choice's bound follows its own tokens
    public void Each_choice_equals_the_choice_of_a_cache_without_room_for_sharing(double? mirostat)
    {
        var roomy = new StepLoop();
        var tight = new StepLoop(new() { MaxSequences = 2, LogitRows = 64 }, new HistoryModel(blocks: 8));
        foreach (var loop in (StepLoop[])[roomy, tight])
        {
            loop.Add(StepLoop.Prompt(9), maxTokens: 20, choices: 6, temperature: 1.3, mirostat: mirostat);
            loop.RunToEnd();
        }
        Assert.True(tight.Scheduler.Preemptions > 0);
        for (int choice = 0; choice < 6; choice++) Assert.Equal(roomy.Completions[(0, choice)], tight.Completions[(0, choice)]);
        Assert.True(roomy.Completions.Values.Select(completion => string.Join(' ', completion)).Distinct().Count() == 6, "choices draw different numbers");
    }

    [Theory, InlineData(null), InlineData(2.5)]
    public void A_choice_does_not_depend_on_how_many_there_are(double? mirostat)
    {
        var one = new StepLoop();
        one.Add(StepLoop.Prompt(9), maxTokens: 10, temperature: 1, mirostat: mirostat);
        one.RunToEnd();
        var many = new StepLoop();
        many.Add(StepLoop.Prompt(9), maxTokens: 10, choices: 4, temperature: 1, mirostat: mirostat);
        many.RunToEnd();
        Assert.Equal(one.Completions[(0, 0)], many.Completions[(0, 0)]);
    }

    [Fact]
    public void Choices_that_end_at_their_first_token_leave_nothing_behind()
    {
        var loop = new StepLoop();
        loop.Add(StepLoop.Prompt(9), maxTokens: 1, choices: 3);
        loop.RunToEnd();
        Assert.Equal(3, loop.Completions.Count);
        Assert.Equal(loop.Pool.Blocks, loop.Pool.Available);
    }
}
