using Hearth.TestKit;
using Xunit;

namespace Hearth.ControlPlane.Tests;

public sealed class DueRunnerTests
{
    private readonly SetClock _clock = new();
    private readonly InMemoryStore _store = new();
    private readonly List<DueRow> _handled = [];

    [Fact]
    public async Task What_is_due_is_handled_once()
    {
        await ScheduleAsync("now", _clock.Now);
        await ScheduleAsync("later", _clock.Now.AddMinutes(5));
        var runner = Runner(_ => ValueTask.CompletedTask);
        Assert.Equal(1, (await runner.RunAsync(default)).Handled);
        Assert.Equal(0, (await runner.RunAsync(default)).Handled);
        _clock.Now += TimeSpan.FromMinutes(5);
        Assert.Equal(1, (await runner.RunAsync(default)).Handled);
        Assert.Equal(["now", "later"], _handled.Select(row => row.Resource));
    }

    [Fact]
    public async Task A_handler_may_schedule_its_row_again()
    {
        await ScheduleAsync("r", _clock.Now);
        var runner = Runner(async row => await ScheduleAsync(row.Resource, row.At.AddHours(1)));
        await runner.RunAsync(default);
        await runner.RunAsync(default);
        Assert.Single(_handled);
        _clock.Now += TimeSpan.FromHours(1);
        await runner.RunAsync(default);
        Assert.Equal(2, _handled.Count);
    }

    [Fact]
    public async Task A_failed_row_is_tried_again_after_growing_pauses_and_holds_up_no_other()
    {
        await ScheduleAsync("bad", _clock.Now);
        await ScheduleAsync("good", _clock.Now);
        var runner = Runner(row => row.Resource == "bad" ? throw new IOException("no luck") : ValueTask.CompletedTask);
        var (handled, failed) = await runner.RunAsync(default);
        Assert.Equal((1, "bad", "no luck"), (handled, Assert.Single(failed).Row.Resource, failed[0].Failure.Message));
        var pauses = new List<double>();
        for (var (attempts, minutes) = (1, 0); attempts < 5; minutes++)
        {
            _clock.Now += TimeSpan.FromMinutes(1);
            if ((await runner.RunAsync(default)).Failed.Count == 0) continue;
            pauses.Add(minutes + 1);
            (attempts, minutes) = (attempts + 1, -1);
        }
        Assert.Equal([1, 2, 4, 8], pauses);
    }

    [Fact]
    public async Task A_kind_without_a_handler_is_reported_and_kept()
    {
        await _store.CommitAsync(new Change().Schedule(new(_clock.Now, "r", "unknown")), default);
        var (_, failed) = await Runner(_ => ValueTask.CompletedTask).RunAsync(default);
        Assert.Contains("No handler for due rows of kind unknown", Assert.Single(failed).Failure.Message);
        Assert.Single(await _store.ListDueAsync(DateTimeOffset.MaxValue, 10, default));
    }

    private ValueTask ScheduleAsync(string resource, DateTimeOffset at) => _store.CommitAsync(new Change().Schedule(new(at, resource, Handler.Name)), default);

    private DueRunner Runner(Func<DueRow, ValueTask> handle) => new(_store, [new Handler(async row =>
    {
        _handled.Add(row);
        await handle(row);
    })], _clock);

    private sealed class Handler(Func<DueRow, ValueTask> handle) : IDueHandler
    {
        public const string Name = "wake";

        public string Kind => Name;

        public ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken) => handle(due);
    }
}
