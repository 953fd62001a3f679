using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Decision 0003: verbs on one resource run one at a time, and a version conflict is retried once.</summary>
public sealed class ResourceMailboxTests
{
    private readonly ResourceMailbox _mailbox = new(TimeProvider.System);

    [Fact]
    public async Task Verbs_on_one_resource_run_one_at_a_time_and_in_order()
    {
        var running = 0;
        var order = new List<int>();
        var gate = new TaskCompletionSource();
        var verbs = Enumerable.Range(0, 20).Select(i => _mailbox.RunAsync("r", async _ =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            if (i == 0) await gate.Task;
            await Task.Yield();
            order.Add(i);
            Interlocked.Decrement(ref running);
            return i;
        }, default).AsTask()).ToList();
        gate.SetResult();
        await Task.WhenAll(verbs);
        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task Verbs_on_different_resources_do_not_wait_for_each_other()
    {
        var gate = new TaskCompletionSource();
        var blocked = _mailbox.RunAsync("a", async _ =>
        {
            await gate.Task;
            return 0;
        }, default);
        Assert.Equal(1, await _mailbox.RunAsync("b", _ => new ValueTask<int>(1), default));
        gate.SetResult();
        await blocked;
    }

    [Fact]
    public async Task A_conflict_is_retried_once_and_the_second_is_aborted()
    {
        var tries = 0;
        Assert.Equal(2, await _mailbox.RunAsync("r", _ => ++tries == 1 ? throw new VersionConflictException("r") : new ValueTask<int>(tries), default));
        var aborted = await Assert.ThrowsAsync<HearthException>(() => _mailbox.RunAsync<int>("r", _ => throw new VersionConflictException("r"), default).AsTask());
        Assert.Equal(ErrorCode.Aborted, aborted.Code);
    }

    [Fact]
    public async Task A_verb_that_fails_or_is_cancelled_lets_the_next_one_in()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _mailbox.RunAsync<int>("r", _ => throw new InvalidOperationException(), default).AsTask());
        var gate = new TaskCompletionSource();
        var first = _mailbox.RunAsync("r", async _ =>
        {
            await gate.Task;
            return 1;
        }, default).AsTask();
        using var leaving = new CancellationTokenSource();
        var second = _mailbox.RunAsync("r", _ => new ValueTask<int>(2), leaving.Token).AsTask();
        leaving.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        var third = _mailbox.RunAsync("r", _ => new ValueTask<int>(3), default).AsTask();
        gate.SetResult();
        Assert.Equal((1, 3), (await first, await third));
    }
}
