using Hearth.TestKit;
using Xunit;

namespace Hearth.ControlPlane.Tests;

public sealed class OutboxHandlersTests
{
    private readonly SetClock _clock = new();
    private readonly InMemoryStore _store = new();
    private readonly List<string> _delivered = [];

    [Fact]
    public async Task A_resources_entries_keep_their_order_when_one_fails()
    {
        await SendAsync("r", "one");
        await SendAsync("r", "two");
        await SendAsync("s", "three");
        var fails = true;
        var outbox = Outbox(entry => fails && entry.Payload == "one" ? throw new HttpRequestException("refused") : ValueTask.CompletedTask);
        await outbox.DeliverAsync(default);
        Assert.Equal(["three"], _delivered);
        fails = false;
        await outbox.DeliverAsync(default);
        Assert.Equal(["three"], _delivered);
        _clock.Now += TimeSpan.FromSeconds(5);
        await outbox.DeliverAsync(default);
        Assert.Equal(["three", "one", "two"], _delivered);
    }

    [Fact]
    public async Task An_entry_that_always_fails_becomes_a_dead_letter_with_its_error()
    {
        await SendAsync("r", "never");
        var outbox = Outbox(_ => throw new HttpRequestException("410 Gone"));
        var told = new List<OutboxEntry>();
        outbox.GaveUp += told.Add;
        for (var i = 0; i < 2 * OutboxHandlers.MaxAttempts; i++)
        {
            await outbox.DeliverAsync(default);
            _clock.Now += TimeSpan.FromHours(2);
        }
        var dead = Assert.Single(await _store.ListDeadOutboxAsync(0, 10, default));
        Assert.Equal((OutboxHandlers.MaxAttempts, "410 Gone"), (dead.Attempts, dead.Error));
        Assert.Equal(dead.Id, Assert.Single(told).Id);
    }

    [Fact]
    public async Task A_kind_without_a_handler_waits()
    {
        await _store.CommitAsync(new Change().Send(new(0, "r", "unknown", "", 0, _clock.Now)), default);
        await Outbox(_ => ValueTask.CompletedTask).DeliverAsync(default);
        Assert.Contains("No handler", Assert.Single(await _store.ListOutboxAsync(DateTimeOffset.MaxValue, 10, default)).Error);
    }

    private ValueTask SendAsync(string resource, string payload) => _store.CommitAsync(new Change().Send(new(0, resource, Handler.Name, payload, 0, _clock.Now)), default);

    private OutboxHandlers Outbox(Func<OutboxEntry, ValueTask> handle) => new(_store, [new Handler(async entry =>
    {
        await handle(entry);
        _delivered.Add(entry.Payload);
    })], _clock);

    private sealed class Handler(Func<OutboxEntry, ValueTask> handle) : IOutboxHandler
    {
        public const string Name = "tell";

        public string Kind => Name;

        public ValueTask HandleAsync(OutboxEntry entry, CancellationToken cancellationToken) => handle(entry);
    }
}
