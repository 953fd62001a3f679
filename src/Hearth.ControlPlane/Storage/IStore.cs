namespace Hearth.ControlPlane;

/// <summary>The storage port. Reads see every acknowledged change; a change is acknowledged once it is durable.</summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Raised after each durable change, on any thread; handlers must not block.</summary>
    event Action<Change>? Committed;

    /// <exception cref="VersionConflictException">A row, or a due row to claim, changed since it was read, or a row it refers to is gone.</exception>
    /// <exception cref="RowExistsException">An inserted row's name is taken.</exception>
    /// <exception cref="RowInUseException">A row to delete is referred to.</exception>
    /// <exception cref="StoreUnavailableException">The disk is full, or the store cannot be reached.</exception>
    ValueTask CommitAsync(Change change, CancellationToken cancellationToken);

    /// <summary>A number greater than any it returned before, across restarts (rule R5).</summary>
    ValueTask<long> NextEpochAsync(CancellationToken cancellationToken);

    /// <summary>The row, deleted ones included, or null.</summary>
    ValueTask<ResourceRow?> GetAsync(string name, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<ResourceRow>> ListAsync(ResourceQuery query, CancellationToken cancellationToken);

    /// <summary>Rows of one kind below one parent, from a counter.</summary>
    ValueTask<long> CountAsync(string kind, string parent, bool includeDeleted, CancellationToken cancellationToken);

    ValueTask<bool> IsReferencedAsync(string target, CancellationToken cancellationToken);

    /// <summary>Rows of one kind that refer to <paramref name="target"/>, soft-deleted ones left out, in order of name.</summary>
    ValueTask<IReadOnlyList<ResourceRow>> ListReferrersAsync(string target, string kind, CancellationToken cancellationToken);

    ValueTask<string?> FindKeyAsync(byte[] hash, CancellationToken cancellationToken);

    /// <summary>Assignments of a node, or of all nodes where <paramref name="node"/> is null, in order of resource name.</summary>
    ValueTask<IReadOnlyList<AssignmentRow>> ListAssignmentsAsync(string? node, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<EndpointRow>> ListEndpointsAsync(string deployment, CancellationToken cancellationToken);

    /// <summary>Entries due by <paramref name="now"/>, oldest first. An entry waits for the resource's earlier ones, unless those are dead.</summary>
    ValueTask<IReadOnlyList<OutboxEntry>> ListOutboxAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Entries that were given up, oldest first, after <paramref name="afterId"/>.</summary>
    ValueTask<IReadOnlyList<OutboxEntry>> ListDeadOutboxAsync(long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Due rows whose <see cref="DueRow.Next"/> has come by <paramref name="now"/>, earliest first.</summary>
    ValueTask<IReadOnlyList<DueRow>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Takes a lease, with a higher epoch than any before it. Null while another holds it; a holder may take its own anew.</summary>
    ValueTask<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Holds a lease longer. Null where it has expired or was taken since.</summary>
    ValueTask<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Ends a lease early; does nothing where it was lost.</summary>
    ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<AuditEntry>> ListAuditAsync(AuditQuery query, CancellationToken cancellationToken);

    /// <summary>Usage in order of time, then key.</summary>
    ValueTask<IReadOnlyList<UsageEntry>> ListUsageAsync(UsageQuery query, CancellationToken cancellationToken);

    /// <summary>Usage summed by time and by the given fields, in order of time, kind, model, resource, user, key.</summary>
    /// <param name="bucket">An hour, a day: more than zero.</param>
    ValueTask<IReadOnlyList<UsageSum>> SumUsageAsync(UsageQuery query, TimeSpan bucket, UsageFields fields, CancellationToken cancellationToken);

    /// <summary>When a resource was last used, or null.</summary>
    ValueTask<DateTimeOffset?> LastUsageAsync(string resource, CancellationToken cancellationToken);
}

/// <summary>A row is not as it was read. The caller reads again and retries once (rule R2).</summary>
public sealed class VersionConflictException(string name) : Exception($"{name} was changed by someone else")
{
    public string Name { get; } = name;
}

/// <summary>The name is taken.</summary>
public sealed class RowExistsException(string name) : Exception($"{name} already exists")
{
    public string Name { get; } = name;
}

/// <summary>The row is in use by another.</summary>
public sealed class RowInUseException(string name, string user) : Exception($"{name} is in use by {user}")
{
    public string Name { get; } = name;
    public string User { get; } = user;
}

/// <summary>The store cannot write now: nothing of the change is there (rule R11).</summary>
public sealed class StoreUnavailableException(Exception inner) : Exception("The store could not write.", inner);
