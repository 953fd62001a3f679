using Hearth.ControlPlane;

namespace Hearth.TestKit;

/// <summary>The storage port in plain collections: what the port's words mean. Every other store must agree with it.</summary>
public sealed class InMemoryStore(TimeProvider? clock = null) : IStore
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, ResourceRow> _rows = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, AssignmentRow> _assignments = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, int), EndpointRow> _endpoints = [];
    private readonly Dictionary<string, string> _keys = [];
    private readonly SortedDictionary<long, OutboxEntry> _outbox = [];
    private readonly List<AuditEntry> _audit = [];
    private readonly SortedDictionary<string, UsageEntry> _usage = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Resource, string Kind), DueRow> _due = [];
    private readonly Dictionary<string, Lease> _leases = [];
    private long _epoch, _outboxId;

    public event Action<Change>? Committed;

    public ValueTask CommitAsync(Change change, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var rows = Apply(change);
            var due = ApplyDue(change);
            _rows.Clear();
            foreach (var row in rows.Values) _rows.Add(row.Name.Value, row);
            _due.Clear();
            foreach (var (key, row) in due) _due.Add(key, row);
            ApplyTheRest(change);
        }
        Committed?.Invoke(change);
        return ValueTask.CompletedTask;
    }

    public ValueTask<long> NextEpochAsync(CancellationToken cancellationToken) => new(Interlocked.Increment(ref _epoch));

    public ValueTask<ResourceRow?> GetAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock) return new(_rows.GetValueOrDefault(name));
    }

    public ValueTask<IReadOnlyList<ResourceRow>> ListAsync(ResourceQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var rows = _rows.Values.Where(row => row.Name.Kind == query.Kind && row.Name.Parent == query.Parent && (query.IncludeDeleted || !row.Deleted));
            var order = Comparer<ResourceRow>.Create((a, b) => Compare(query, Key(a), Key(b)));
            var after = query.After is { } key ? rows.Where(row => Compare(query, Key(row), key) > 0) : rows;
            return new([.. after.Order(order).Take(query.Limit)]);
        }
    }

    public ValueTask<long> CountAsync(string kind, string parent, bool includeDeleted, CancellationToken cancellationToken)
    {
        lock (_lock) return new(_rows.Values.Count(row => row.Name.Kind == kind && row.Name.Parent == parent && (includeDeleted || !row.Deleted)));
    }

    public ValueTask<bool> IsReferencedAsync(string target, CancellationToken cancellationToken)
    {
        lock (_lock) return new(_rows.Values.Any(row => row.References.Contains(target)));
    }

    public ValueTask<IReadOnlyList<ResourceRow>> ListReferrersAsync(string target, string kind, CancellationToken cancellationToken)
    {
        lock (_lock) return new([.. _rows.Values.Where(row => row.Name.Kind == kind && !row.Deleted && row.References.Contains(target))]);
    }

    public ValueTask<string?> FindKeyAsync(byte[] hash, CancellationToken cancellationToken)
    {
        lock (_lock) return new(_keys.GetValueOrDefault(Convert.ToHexString(hash)));
    }

    public ValueTask<IReadOnlyList<AssignmentRow>> ListAssignmentsAsync(string? node, CancellationToken cancellationToken)
    {
        lock (_lock) return new([.. _assignments.Values.Where(assignment => node is null || assignment.Node == node)]);
    }

    public ValueTask<IReadOnlyList<EndpointRow>> ListEndpointsAsync(string deployment, CancellationToken cancellationToken)
    {
        lock (_lock) return new([.. _endpoints.Values.Where(endpoint => endpoint.Deployment == deployment).OrderBy(endpoint => endpoint.Replica)]);
    }

    public ValueTask<IReadOnlyList<OutboxEntry>> ListOutboxAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            bool Waits(OutboxEntry entry) =>
                _outbox.Values.Any(earlier => earlier.Resource == entry.Resource && earlier.Id < entry.Id && !earlier.Dead && earlier.Due > now);
            return new([.. _outbox.Values.Where(entry => !entry.Dead && entry.Due <= now && !Waits(entry)).Take(limit)]);
        }
    }

    public ValueTask<IReadOnlyList<OutboxEntry>> ListDeadOutboxAsync(long afterId, int limit, CancellationToken cancellationToken)
    {
        lock (_lock) return new([.. _outbox.Values.Where(entry => entry.Dead && entry.Id > afterId).Take(limit)]);
    }

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _due.Values.Where(row => row.Next <= now)
                .OrderBy(row => row.Next).ThenBy(row => row.Resource, StringComparer.Ordinal).ThenBy(row => row.Kind, StringComparer.Ordinal).Take(limit)]);
        }
    }

    public ValueTask<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            if (_leases.TryGetValue(name, out var held) && held.Holder != holder && held.Expires > now) return new((Lease?)null);
            return new(_leases[name] = new(name, holder, (held?.Epoch ?? 0) + 1, now + duration));
        }
    }

    public ValueTask<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = _clock.GetUtcNow();
            if (!IsHeld(lease) || _leases[lease.Name].Expires <= now) return new((Lease?)null);
            return new(_leases[lease.Name] = lease with { Expires = now + duration });
        }
    }

    public ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (IsHeld(lease)) _leases[lease.Name] = lease with { Expires = DateTimeOffset.MinValue };
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<AuditEntry>> ListAuditAsync(AuditQuery query, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _audit.Where(entry => entry.Account == query.Account && IsWithin(entry.At, query.From, query.To) && (query.BeforeId is not { } before || entry.Id < before))
                .Reverse().Take(query.Limit)]);
        }
    }

    public ValueTask<IReadOnlyList<UsageEntry>> ListUsageAsync(UsageQuery query, CancellationToken cancellationToken)
    {
        lock (_lock) return new([.. Usage(query)]);
    }

    public ValueTask<IReadOnlyList<UsageSum>> SumUsageAsync(UsageQuery query, TimeSpan bucket, UsageFields fields, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(bucket, TimeSpan.Zero);
        lock (_lock) return new(UsageSums.Of(Usage(query), bucket, fields));
    }

    public ValueTask<DateTimeOffset?> LastUsageAsync(string resource, CancellationToken cancellationToken)
    {
        lock (_lock) return new(_usage.Values.Where(entry => entry.Resource == resource).Max(entry => (DateTimeOffset?)entry.At));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Dictionary<string, ResourceRow> Apply(Change change)
    {
        var rows = new Dictionary<string, ResourceRow>(_rows);
        foreach (var row in change.Deletes)
        {
            RequireVersion(rows, row);
            rows.Remove(row.Name.Value);
        }
        foreach (var row in change.Inserts)
        {
            if (!rows.TryAdd(row.Name.Value, row with { Version = 1 })) throw new RowExistsException(row.Name.Value);
        }
        foreach (var row in change.Updates)
        {
            RequireVersion(rows, row);
            rows[row.Name.Value] = row with { Version = row.Version + 1 };
        }
        foreach (var row in change.Deletes.Concat(change.Updates.Where(row => row.Deleted)))
        {
            if (rows.Values.FirstOrDefault(other => other.References.Contains(row.Name.Value)) is { } user)
                throw new RowInUseException(row.Name.Value, user.Name.Value);
        }
        foreach (var target in change.Inserts.Concat(change.Updates).SelectMany(row => row.References).Where(target => target.StartsWith("accounts/")))
        {
            if (!rows.TryGetValue(target, out var found) || found.Deleted) throw new VersionConflictException(target);
        }
        return rows;
    }

    private static void RequireVersion(Dictionary<string, ResourceRow> rows, ResourceRow row)
    {
        if (!rows.TryGetValue(row.Name.Value, out var stored) || stored.Version != row.Version) throw new VersionConflictException(row.Name.Value);
    }

    private Dictionary<(string Resource, string Kind), DueRow> ApplyDue(Change change)
    {
        var due = new Dictionary<(string Resource, string Kind), DueRow>(_due);
        foreach (var key in due.Keys.Where(key => change.Deletes.Any(row => row.Name.Value == key.Resource)).ToList()) due.Remove(key);
        foreach (var (row, until) in change.Claims)
        {
            var key = (row.Resource, row.Kind);
            if (!due.TryGetValue(key, out var stored) || (stored.At, stored.Next) != (row.At, row.Next)) throw new VersionConflictException(row.Resource);
            due[key] = stored with { Next = until, Attempts = stored.Attempts + 1 };
        }
        foreach (var row in change.Handled)
        {
            var key = (row.Resource, row.Kind);
            if (due.TryGetValue(key, out var stored) && (stored.At, stored.Next) == (row.At, row.Next)) due.Remove(key);
        }
        foreach (var key in change.NoLongerDue) due.Remove(key);
        foreach (var row in change.Due) due[(row.Resource, row.Kind)] = row;
        return due;
    }

    private void ApplyTheRest(Change change)
    {
        foreach (var name in change.Unassigned) _assignments.Remove(name);
        foreach (var assignment in change.Assignments) _assignments[assignment.Resource] = assignment;
        foreach (var deployment in change.EndpointsGone)
            foreach (var key in _endpoints.Keys.Where(key => key.Item1 == deployment).ToList()) _endpoints.Remove(key);
        foreach (var endpoint in change.Endpoints) _endpoints[(endpoint.Deployment, endpoint.Replica)] = endpoint;
        foreach (var row in change.Deletes)
            foreach (var hash in _keys.Where(key => key.Value == row.Name.Value).Select(key => key.Key).ToList()) _keys.Remove(hash);
        foreach (var key in change.ApiKeys) _keys[Convert.ToHexString(key.Hash)] = key.Name;
        foreach (var id in change.Delivered) _outbox.Remove(id);
        foreach (var entry in change.Postponed.Where(entry => _outbox.ContainsKey(entry.Id)))
            _outbox[entry.Id] = _outbox[entry.Id] with { Attempts = entry.Attempts, Due = entry.Due, Dead = entry.Dead, Error = entry.Error };
        foreach (var entry in change.Outbox) _outbox.Add(++_outboxId, entry with { Id = _outboxId });
        foreach (var entry in change.Usage) _usage.TryAdd(entry.Key, entry);
        foreach (var entry in change.Audit) _audit.Add(entry with { Id = _audit.Count + 1 });
    }

    private IEnumerable<UsageEntry> Usage(UsageQuery query) => _usage.Values
        .Where(entry => entry.Account == query.Account && IsWithin(entry.At, query.From, query.To))
        .Where(entry => (query.Kind ?? entry.Kind) == entry.Kind && (query.Resource ?? entry.Resource) == entry.Resource)
        .OrderBy(entry => entry.At); // stable: equal times stay in order of key

    private bool IsHeld(Lease lease) => _leases.TryGetValue(lease.Name, out var held) && (held.Holder, held.Epoch) == (lease.Holder, lease.Epoch);

    private static bool IsWithin(DateTimeOffset time, DateTimeOffset? from, DateTimeOffset? to) => time >= (from ?? time) && (to is null || time < to);

    private static ResourceKey Key(ResourceRow row) => new(row.Name.Value, row.CreateTime);

    private static int Compare(ResourceQuery query, ResourceKey a, ResourceKey b)
    {
        var order = query.Order == ResourceOrder.CreateTime ? a.CreateTime.CompareTo(b.CreateTime) : 0;
        if (order == 0) order = string.CompareOrdinal(a.Name, b.Name);
        return query.Descending ? -order : order;
    }
}
