namespace Hearth.Inference.Tests;

public sealed class PromptLogprobsTests
{
    [Theory, InlineData(0, 0), InlineData(4, 0), InlineData(4, 3), InlineData(1, 1)]
    public void Every_prompt_token_is_scored_once_in_order(int maxTokens, int chunk)
    {
        var loop = new StepLoop(new() { MaxSequences = 4, LogitRows = 4, MaxChunk = chunk });
        int[] prompt = StepLoop.Prompt(15);
        loop.Add(prompt, maxTokens: 2); // its cached prefix must not hide rows
        loop.RunToEnd();
        loop.Add(prompt, maxTokens, promptLogprobs: true);
        var scored = new List<SequenceOutput>();
        while (loop.Scheduler.HasWork) scored.AddRange(loop.Step().Outputs.Where(output => output.IsPrompt));
        Assert.Equal(Enumerable.Range(1, 14), scored.Select(output => output.Index));
        foreach (var output in scored)
        {
            Assert.Equal(prompt[output.Index], output.Token!.Value.TokenId);
            Assert.Equal(loop.Model.Score(prompt[..output.Index], prompt[output.Index]), output.Token.Value.Logprob);
        }
    }

    [Fact]
    public void Scored_rows_are_not_scored_again_after_a_preemption()
    {
        var loop = new StepLoop(new() { MaxSequences = 2, LogitRows = 3, TokenBudget = 8 }, new HistoryModel(blocks: 9));
        loop.Add(StepLoop.Prompt(8), maxTokens: 20);
        loop.Step();
        int[] prompt = StepLoop.Prompt(20, 3);
        var scoring = loop.Add(prompt, maxTokens: 2, promptLogprobs: true);
        var indexes = new List<int>();
        while (loop.Scheduler.HasWork)
            indexes.AddRange(loop.Step().Outputs.Where(output => output.IsPrompt).Select(output => output.Index));
        Assert.True(scoring.Preemptions > 0);
        Assert.Equal(Enumerable.Range(1, 19), indexes);
        Assert.Equal(loop.Model.Greedy(prompt, 2), loop.Completion(scoring));
    }
}
