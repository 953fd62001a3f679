namespace Hearth.Inference.Tests;

public sealed class EngineTests
{
    private static readonly GenerationOptions Request = new() { PromptTokenIds = StepLoop.Prompt(9), MaxTokens = 6, Sampling = SamplingOptions.Greedy };

    [Fact]
    public async Task Tokens_are_streamed_with_their_logprobs()
    {
        var model = new HistoryModel();
        using var engine = new Engine(model);
        var steps = new List<TokenStep>();
        var handle = engine.Submit(Request with { TopLogprobs = 2 });
        await foreach (var step in handle) steps.Add(step);
        Assert.Equal(model.Greedy(Request.PromptTokenIds, 6), steps.Select(step => new ScoredToken(step.TokenId!.Value, step.Logprob)));
        Assert.Equal(Enumerable.Range(0, 6), steps.Select(step => step.Index));
        Assert.All(steps[..^1], step => Assert.Null(step.FinishReason));
        Assert.Equal(FinishReason.Length, steps[^1].FinishReason);
        Assert.All(steps, step => Assert.Equal(new ScoredToken(step.TokenId!.Value, step.Logprob), step.Top[0]));
        Assert.Equal(new TokenUsage(9, 6, 0), await handle.Usage);
        Assert.Empty(await handle.PromptTokens);
    }

    [Fact]
    public async Task Many_callers_get_the_answers_they_get_alone()
    {
        var model = new HistoryModel(blocks: 60);
        using var engine = new Engine(model, new() { Scheduler = new() { TokenBudget = 24, MaxSequences = 12, LogitRows = 16 } });
        await Task.WhenAll(Enumerable.Range(0, 48).Select(async i =>
        {
            int[] prompt = StepLoop.Prompt(1 + i * 3 % 29, i % 5);
            var completion = (await engine.GenerateAsync(Request with { PromptTokenIds = prompt, MaxTokens = 1 + i % 17 }))[0];
            Assert.Equal(model.Greedy(prompt, 1 + i % 17).Select(token => token.TokenId), completion.TokenIds);
        }));
        engine.Dispose();
        Assert.Equal((0, 0, 60), (engine.Metrics.Running, engine.Metrics.Waiting, engine.Metrics.FreeBlocks));
    }

    [Fact]
    public async Task A_stop_token_ends_the_completion_unless_it_is_ignored()
    {
        var model = new HistoryModel();
        int third = model.Greedy(Request.PromptTokenIds, 3)[2].TokenId;
        using var engine = new Engine(model, new() { EosTokenIds = [third] });

        var stopped = (await engine.GenerateAsync(Request))[0];
        Assert.Equal((FinishReason.Stop, third), (stopped.FinishReason, stopped.TokenIds.Last()));
        Assert.True(stopped.Steps.Count <= 3);

        var ignoring = (await engine.GenerateAsync(Request with { IgnoreEos = true }))[0];
        Assert.Equal((FinishReason.Length, 6), (ignoring.FinishReason, ignoring.Steps.Count));

        var own = (await engine.GenerateAsync(Request with { IgnoreEos = true, StopTokenIds = [third] }))[0];
        Assert.Equal(FinishReason.Stop, own.FinishReason);

        var longer = (await engine.GenerateAsync(Request with { MinTokens = 4 }))[0];
        Assert.DoesNotContain(third, longer.TokenIds.Take(4));
    }

    [Fact]
    public async Task A_cancelled_request_frees_its_blocks_and_others_go_on()
    {
        using var started = new SemaphoreSlim(0);
        var model = new HistoryModel(blocks: 300);
        model.OnForward = _ => started.Release();
        using var engine = new Engine(model);
        using var cancel = new CancellationTokenSource();
        var endless = engine.Submit(Request with { MaxTokens = 1000 }, cancel.Token);
        await started.WaitAsync();
        cancel.Cancel();
        var steps = new List<TokenStep>();
        await foreach (var step in endless) steps.Add(step);
        Assert.Equal(FinishReason.Cancelled, steps[^1].FinishReason);
        Assert.True(steps.Count < 1000);
        Assert.Equal(6, (await engine.GenerateAsync(Request))[0].Steps.Count);
        engine.Dispose();
        Assert.Equal(300, engine.Metrics.FreeBlocks);
    }

    [Fact]
    public async Task Leaving_the_stream_gives_the_request_up()
    {
        using var engine = new Engine(new HistoryModel(blocks: 300));
        var handle = engine.Submit(Request with { MaxTokens = 1000 });
        await foreach (var step in handle)
            if (step.Index == 2) break;
        var usage = await handle.Usage;
        Assert.InRange(usage.CompletionTokens, 3, 999);
    }

    [Fact]
    public async Task One_choice_may_be_given_up_before_or_after_the_split()
    {
        var model = new HistoryModel(blocks: 300);
        using var gate = new ManualResetEventSlim();
        model.OnForward = _ => gate.Wait();
        using var engine = new Engine(model, new() { Scheduler = new() { MaxChunk = 4 } });
        var handle = engine.Submit(Request with { Choices = 4, MaxTokens = 100, Sampling = new() { Seed = 1 } });
        handle.Cancel(0); // the one that computes the prompt for the others
        handle.Cancel(2);
        gate.Set();
        var steps = new List<TokenStep>();
        await foreach (var step in handle)
        {
            steps.Add(step);
            if (step is { Choice: 1, Index: 5 }) handle.Cancel(1);
        }
        var reasons = steps.Where(step => step.FinishReason is not null).ToDictionary(step => step.Choice, step => step.FinishReason);
        Assert.Equal((FinishReason.Cancelled, FinishReason.Cancelled, FinishReason.Length), (reasons[0], reasons[2], reasons[3]));
        Assert.True(reasons[1] is FinishReason.Cancelled or FinishReason.Length);
        Assert.Equal(100, steps.Count(step => step.Choice == 3));
        engine.Dispose();
        Assert.Equal(300, engine.Metrics.FreeBlocks);
    }

    [Fact]
    public async Task All_choices_given_up_before_the_split_end_the_prompt()
    {
        var model = new HistoryModel(blocks: 300);
        using var gate = new ManualResetEventSlim();
        model.OnForward = _ => gate.Wait();
        using var engine = new Engine(model, new() { Scheduler = new() { MaxChunk = 1 } });
        var handle = engine.Submit(Request with { Choices = 2 });
        handle.Cancel(0);
        handle.Cancel(1);
        gate.Set();
        Assert.Equal(new TokenUsage(9, 0, 0), await handle.Usage);
    }

    [Fact]
    public async Task A_failing_step_fails_its_requests_only()
    {
        var model = new HistoryModel();
        bool fail = true;
        model.OnForward = _ => { if (fail) { fail = false; throw new InvalidOperationException("kernel fault"); } };
        using var engine = new Engine(model);
        var fault = await Assert.ThrowsAsync<GenerationException>(() => engine.GenerateAsync(Request with { Choices = 3 }));
        Assert.Equal(GenerationFault.StepFailed, fault.Fault);
        Assert.Contains("kernel fault", fault.Message);
        Assert.Equal(model.Greedy(Request.PromptTokenIds, 6).Select(token => token.TokenId), (await engine.GenerateAsync(Request))[0].TokenIds);
        engine.Dispose();
        Assert.Equal(engine.Metrics.Blocks, engine.Metrics.FreeBlocks);
    }

    [Fact]
    public async Task Prompt_logprobs_are_delivered_before_the_completion_ends()
    {
        var model = new HistoryModel();
        using var engine = new Engine(model);
        var handle = engine.Submit(Request with { MaxTokens = 0, PromptLogprobs = true, TopLogprobs = 1 });
        var prompt = await handle.PromptTokens;
        Assert.Equal(Request.PromptTokenIds, prompt.Select(token => token.TokenId));
        Assert.Null(prompt[0].Logprob);
        for (int i = 1; i < 9; i++) Assert.Equal(model.Score([.. Request.PromptTokenIds.Take(i)], Request.PromptTokenIds[i]), prompt[i].Logprob);
        var steps = new List<TokenStep>();
        await foreach (var step in handle) steps.Add(step);
        Assert.Equal((null, FinishReason.Length), (Assert.Single(steps).TokenId, steps[0].FinishReason));
    }

    [Fact]
    public async Task An_unset_limit_fills_the_context()
    {
        using var engine = new Engine(new HistoryModel(maxContext: 30));
        Assert.Equal(21, (await engine.GenerateAsync(Request with { MaxTokens = null }))[0].Steps.Count);
        Assert.Equal(21, (await engine.GenerateAsync(Request with { MaxTokens = 5000 }))[0].Steps.Count);
    }

    [Fact]
    public void A_request_that_does_not_fit_is_refused_with_the_figures()
    {
        using var engine = new Engine(new HistoryModel(maxContext: 30));
        var tooLong = Assert.Throws<GenerationException>(() => engine.Submit(Request with { PromptTokenIds = StepLoop.Prompt(30) }));
        Assert.Equal(GenerationFault.ContextLengthExceeded, tooLong.Fault);
        Assert.Contains("30", tooLong.Message);
        var overflow = Assert.Throws<GenerationException>(() => engine.Submit(Request with { MaxTokens = 22, ErrorOnContextOverflow = true }));
        Assert.Equal(GenerationFault.ContextLengthExceeded, overflow.Fault);
    }

    [Fact]
    public void All_faults_of_a_request_are_named_at_once()
    {
        using var engine = new Engine(new HistoryModel());
        var fault = Assert.Throws<GenerationException>(() => engine.Submit(new()
        {
            PromptTokenIds = [1, 50],
            MaxTokens = -1,
            Choices = 0,
            TopLogprobs = 99,
            StopTokenIds = [88],
            Sampling = new() { Temperature = double.NaN, TopP = 0, TopK = -2, MinP = 2, TypicalP = 0, MirostatTarget = -1, MirostatRate = 2, LogitBias = new Dictionary<int, float> { [77] = 1 } },
        }));
        Assert.Equal(GenerationFault.InvalidArgument, fault.Fault);
        foreach (string part in (string[])["prompt token 1 is 50", "max_tokens", "n is 0", "top_logprobs", "temperature", "top-p", "top-k", "min-p", "typical-p", "mirostat target", "mirostat rate", "stop token is 88", "token 77"])
            Assert.Contains(part, fault.Message);
    }

    [Fact]
    public async Task Stopping_the_engine_fails_what_is_open_and_refuses_more()
    {
        var model = new HistoryModel(blocks: 300);
        var engine = new Engine(model);
        var open = engine.Submit(Request with { MaxTokens = 1000 });
        engine.Dispose();
        var fault = await Assert.ThrowsAsync<GenerationException>(async () => { await foreach (var _ in open) { } });
        Assert.Equal(GenerationFault.EngineStopped, fault.Fault);
        Assert.Equal(GenerationFault.EngineStopped, Assert.Throws<GenerationException>(() => engine.Submit(Request)).Fault);
    }

    [Fact]
    public async Task Metrics_count_tokens_and_hits()
    {
        using var engine = new Engine(new HistoryModel());
        await engine.GenerateAsync(Request);
        var second = engine.Submit(Request);
        Assert.Equal(8, (await second.Usage).CachedPromptTokens);
        engine.Dispose();
        var metrics = engine.Metrics;
        Assert.Equal((12L, 14L + 6L, 8L), (metrics.GeneratedTokens, metrics.ComputedTokens, metrics.CachedTokens));
        Assert.True(metrics.GeneratedTokensPerSecond > 0);
    }

    [Fact]
    public async Task Metrics_say_where_the_time_goes()
    {
        // A step of the model takes 4 ms, and the first request waits in front of a gate for 30.
        var time = new SetTime();
        using var gate = new ManualResetEventSlim();
        var model = new HistoryModel { OnForward = _ => time.Advance(TimeSpan.FromMilliseconds(4)) };
        using var engine = new Engine(model, new() { Scheduler = new() { MaxChunk = 4 } }, time);
        engine.Post(gate.Wait);
        var handle = engine.Submit(Request);
        time.Advance(TimeSpan.FromMilliseconds(30));
        gate.Set();
        await handle.Usage;
        // Nine tokens of prompt in chunks of four: three steps, then five for the other tokens.
        Assert.Equal(new RequestTimes(TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(12), default, TimeSpan.FromMilliseconds(20)), handle.Times);
        engine.Dispose();
        var metrics = engine.Metrics;
        Assert.Equal((8L, 9L, 9L, 0L, 32.0), (metrics.Steps, metrics.PrefillTokens, metrics.PromptTokens, metrics.CachedPromptTokens, metrics.ForwardMilliseconds));
        Assert.Equal((1L, 30.0), (metrics.Queue.Count, metrics.Queue.SumMilliseconds));
        Assert.Equal((1L, 12.0), (metrics.Prefill.Count, metrics.Prefill.SumMilliseconds));
        Assert.Equal((1L, 42.0), (metrics.FirstToken.Count, metrics.FirstToken.SumMilliseconds));
        Assert.Equal((5L, 20.0), (metrics.InterToken.Counts[2], metrics.InterToken.SumMilliseconds)); // all from 2 to 5 ms
    }

    [Fact]
    public async Task Waiting_for_blocks_again_is_time_of_its_own()
    {
        // Two sequences need 18 blocks of 12: the second one waits until the first has ended.
        var time = new SetTime();
        using var gate = new ManualResetEventSlim();
        var model = new HistoryModel(blocks: 12) { OnForward = _ => time.Advance(TimeSpan.FromMilliseconds(1)) };
        using var engine = new Engine(model, null, time);
        engine.Post(gate.Wait);
        var handles = Enumerable.Range(0, 2).Select(i => engine.Submit(Request with { PromptTokenIds = StepLoop.Prompt(5, i), MaxTokens = 30 })).ToArray();
        gate.Set();
        foreach (var handle in handles) await handle.Usage;
        engine.Dispose();
        Assert.Equal(1, engine.Metrics.Preemptions);
        Assert.Equal(default, handles[0].Times.GenerationQueue);
        Assert.InRange(handles[1].Times.GenerationQueue.TotalMilliseconds, 5, 29);
        Assert.Equal(29, handles[0].Times.Generation.TotalMilliseconds);
    }
}
