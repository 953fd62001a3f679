namespace Hearth.Inference.Tests;

public sealed class OverloadTests
{
    private static readonly GenerationOptions Request = new() { PromptTokenIds = StepLoop.Prompt(9), MaxTokens = 2, Sampling = SamplingOptions.Greedy };

    [Fact]
    public void One_account_takes_half_of_the_room_and_the_next_one_still_finds_a_place()
    {
        var room = new WaitingRoom(16);
        int flood = Fill(room, "flood"), second = Fill(room, "second"), third = Fill(room, "third");
        Assert.Equal((8, 4, 2), (flood, second, third));
        room.Leave("flood");
        Assert.Equal(2, Fill(room, "late")); // of three
        Assert.Equal(1, Fill(room, null));
        Assert.Equal(0, Fill(room, "none"));
    }

    [Fact]
    public async Task What_finds_no_place_is_refused_at_once_and_the_others_are_answered()
    {
        using var gate = new ManualResetEventSlim();
        var model = new HistoryModel(blocks: 300) { OnForward = _ => gate.Wait() };
        using var engine = new Engine(model, new() { MaxWaiting = 8, Scheduler = new() { MaxSequences = 2, TokenBudget = 64 } });
        var accepted = new List<GenerationHandle>();
        GenerationException? refusal = null;
        // Two begin at most, four of an account may wait.
        for (int i = 0; refusal is null && i < 10; i++)
        {
            try
            {
                accepted.Add(engine.Submit(Request with { Account = "flood" }));
            }
            catch (GenerationException fault)
            {
                refusal = fault;
            }
        }
        Assert.Equal(GenerationFault.Overloaded, refusal!.Fault);
        Assert.InRange(accepted.Count, 4, 6);
        accepted.Add(engine.Submit(Request with { Account = "other" }));
        gate.Set();
        foreach (var handle in accepted) Assert.Equal(2, (await handle.Usage).CompletionTokens);
        Assert.Equal(2, (await engine.Submit(Request with { Account = "flood" }).Usage).CompletionTokens);
    }

    [Fact]
    public async Task A_request_that_waits_too_long_fails_and_one_that_has_begun_goes_on()
    {
        var time = new SetTime();
        using var gate = new SemaphoreSlim(0);
        var model = new HistoryModel(blocks: 300) { OnForward = _ => gate.Wait() };
        using var engine = new Engine(model, new() { LongestWait = TimeSpan.FromSeconds(60), Scheduler = new() { MaxSequences = 1, TokenBudget = 64 } }, time);
        var runs = engine.Submit(Request with { MaxTokens = 5 });
        var waits = engine.Submit(Request);
        var waitsLess = engine.Submit(Request with { BeginWithin = TimeSpan.FromSeconds(10) });
        gate.Release();
        await runs.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync();
        time.Advance(TimeSpan.FromSeconds(30));
        gate.Release();
        Assert.Equal(GenerationFault.WaitedTooLong, (await Assert.ThrowsAsync<GenerationException>(() => waitsLess.Usage)).Fault);
        Assert.False(waits.Usage.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(40));
        gate.Release();
        Assert.Equal(GenerationFault.WaitedTooLong, (await Assert.ThrowsAsync<GenerationException>(() => waits.Usage)).Fault);
        gate.Release(100);
        Assert.Equal(5, (await runs.Usage).CompletionTokens);
        Assert.Equal(2, (await engine.Submit(Request).Usage).CompletionTokens);
    }

    [Fact]
    public async Task A_request_may_be_given_up_while_it_waits()
    {
        using var gate = new SemaphoreSlim(0);
        var model = new HistoryModel(blocks: 300) { OnForward = _ => gate.Wait() };
        using var engine = new Engine(model, new() { MaxWaiting = 2, Scheduler = new() { MaxSequences = 1, TokenBudget = 64 } });
        var runs = engine.Submit(Request with { MaxTokens = 100 });
        gate.Release();
        await runs.ReadAllAsync().GetAsyncEnumerator().MoveNextAsync();
        for (int i = 0; i < 5; i++)
        {
            // The room has one place for this account, and it is free again each time.
            using var cancel = new CancellationTokenSource();
            var waits = engine.Submit(Request, cancel.Token);
            Assert.Equal(GenerationFault.Overloaded, Assert.Throws<GenerationException>(() => engine.Submit(Request)).Fault);
            cancel.Cancel();
            gate.Release();
            Assert.Equal(new TokenUsage(9, 0, 0), await waits.Usage);
        }
        gate.Release(200);
        Assert.Equal(100, (await runs.Usage).CompletionTokens);
    }

    private static int Fill(WaitingRoom room, string? account)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                room.Enter(account);
            }
            catch (GenerationException fault) when (fault.Fault == GenerationFault.Overloaded)
            {
                return i;
            }
        }
    }
}
