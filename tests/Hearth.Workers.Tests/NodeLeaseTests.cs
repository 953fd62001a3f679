using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>Rule R5: who has not renewed for twenty seconds writes no more.</summary>
public sealed class NodeLeaseTests
{
    private readonly MonotonicClock clock = new();
    private readonly ScriptedLease lease = new();

    [Fact]
    public void A_lease_is_taken_once_and_renewed_every_five_seconds()
    {
        var keeper = new NodeLeaseKeeper(lease, clock);
        keeper.Look(default);
        for (var second = 1; second <= 60; second++)
        {
            clock.Advance(1);
            Assert.NotEqual(LeaseNews.Lost, keeper.Look(default));
            Assert.True(keeper.IsHeld);
        }
        Assert.Equal((1, 12), (lease.Taken, lease.Renewed));
    }

    [Fact]
    public void Without_an_answer_for_twenty_seconds_the_lease_is_given_up_and_taken_again_later()
    {
        var keeper = Held();
        lease.Answer = () => throw new StoreUnavailableException(new IOException());
        Assert.Equal(19, SecondsUntilLost(keeper));
        Assert.False(keeper.IsHeld);
        lease.Answer = () => Task.FromResult(true);
        clock.Advance(5);
        keeper.Look(default);
        keeper.Look(default);
        Assert.True(keeper.IsHeld);
        Assert.Equal(3, lease.Taken); // at first, in vain, and now: not renewed, because what is assigned needs new epochs
    }

    [Fact]
    public void A_renewal_that_hangs_is_given_up_in_time_and_its_late_answer_revives_nothing()
    {
        var keeper = Held();
        var hanging = new TaskCompletionSource<bool>();
        lease.Answer = () => hanging.Task;
        Assert.Equal(19, SecondsUntilLost(keeper));
        hanging.SetResult(true);
        Assert.NotEqual(LeaseNews.Renewed, keeper.Look(default));
        Assert.False(keeper.IsHeld);
    }

    [Fact]
    public void A_refused_renewal_loses_the_lease_at_once()
    {
        var keeper = Held();
        lease.Answer = () => Task.FromResult(false);
        Assert.InRange(SecondsUntilLost(keeper), 4, 6);
    }

    [Fact]
    public async Task Workers_of_a_lost_lease_are_killed_and_start_again_with_new_epochs()
    {
        await using var node = new ScriptedNode(lease);
        node.Assign(node.Trainer("progress 1\ndeaf"));
        Assert.Equal("progress 1", await node.NextReportAsync());
        var worker = Assert.Single(node.WorkerIds());
        lease.Answer = () => Task.FromResult(false);
        await ScriptedNode.GoneAsync(worker);
        node.Assign(node.Trainer("progress 2\nwait", epoch: 2));
        Assert.Empty(node.WorkerIds());
        lease.Answer = () => Task.FromResult(true);
        Assert.Equal("progress 2", await node.NextReportAsync()); // and no failure of the first
    }

    [Fact]
    public async Task A_worker_that_hears_no_more_of_its_lease_ends_by_itself()
    {
        await using var node = new ScriptedNode();
        using var worker = WorkerProcess.Start(ScriptedNode.Program, [WorkerProgram.TrainerVerb, node.WriteSpec("deaf")]);
        worker.Allow(TimeSpan.FromSeconds(1));
        var exit = await worker.Exited.WaitAsync(ScriptedNode.Patience);
        Assert.Equal(WorkerExit.LeaseLost, exit.Code);
        Assert.Contains("lease was not renewed", exit.LogTail[^1]);
    }

    private NodeLeaseKeeper Held()
    {
        var keeper = new NodeLeaseKeeper(lease, clock);
        keeper.Look(default);
        clock.Advance(1);
        Assert.Equal(LeaseNews.Renewed, keeper.Look(default));
        return keeper;
    }

    private int SecondsUntilLost(NodeLeaseKeeper keeper)
    {
        for (var second = 1; second < 60; second++)
        {
            clock.Advance(1);
            if (keeper.Look(default) == LeaseNews.Lost) return second;
        }
        throw new TimeoutException("The lease was never given up.");
    }

    private sealed class ScriptedLease : INodeLease
    {
        public Func<Task<bool>> Answer { get; set; } = () => Task.FromResult(true);
        public int Taken { get; private set; }
        public int Renewed { get; private set; }

        public ValueTask<bool> TakeAsync(CancellationToken cancellationToken)
        {
            Taken++;
            return Ask();
        }

        public ValueTask<bool> RenewAsync(CancellationToken cancellationToken)
        {
            Renewed++;
            return Ask();
        }

        private async ValueTask<bool> Ask() => await Answer();
    }

    /// <summary>Monotonic time that moves when told.</summary>
    private sealed class MonotonicClock : TimeProvider
    {
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(int seconds) => _ticks += seconds * TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;
    }
}
