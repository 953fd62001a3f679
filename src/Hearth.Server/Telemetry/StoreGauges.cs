using System.Diagnostics.Metrics;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What the store says should run, runs, and waits; read when metrics are asked for.</summary>
internal sealed class StoreGauges
{
    private const int MostOutbox = 1_000;

    private readonly IStore _store;
    private readonly TimeProvider _clock;
    private IReadOnlyList<AssignmentRow> _assignments = [];
    private IReadOnlyList<OutboxEntry> _outbox = [];
    private int _replicas;

    public StoreGauges(IStore store, TimeProvider clock, Instruments instruments)
    {
        (_store, _clock) = (store, clock);
        instruments.Gauge("hearth.assignments", "{process}", "Processes that should run, by kind.", () => Enum.GetValues<AssignmentKind>().Select(
            kind => new Measurement<long>(_assignments.Count(one => one.Kind == kind), new KeyValuePair<string, object?>("kind", kind.ToString().ToLowerInvariant()))));
        instruments.Gauge("hearth.replicas.ready", "{replica}", "Replicas that serve.", () => [new(_replicas)]);
        instruments.Gauge("hearth.outbox.due", "{entry}", $"Outbox entries that are due, up to {MostOutbox}.", () => [new(_outbox.Count)]);
        instruments.Gauge("hearth.outbox.oldest", "s", "How long the oldest due outbox entry has been due.", () => [new(Oldest())]);
    }

    public async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        _assignments = await _store.ListAssignmentsAsync(null, cancellationToken);
        _outbox = await _store.ListOutboxAsync(_clock.GetUtcNow(), MostOutbox, cancellationToken);
        var replicas = 0;
        foreach (var deployment in _assignments.Where(one => one.Kind == AssignmentKind.Replica))
            replicas += (await _store.ListEndpointsAsync(deployment.Resource, cancellationToken)).Count;
        _replicas = replicas;
    }

    private long Oldest() => _outbox.Count == 0 ? 0 : (long)(_clock.GetUtcNow() - _outbox.Min(entry => entry.Due)).TotalSeconds;
}
