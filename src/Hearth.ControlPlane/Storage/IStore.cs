namespace Hearth.ControlPlane;

/// <summary>The storage port. Reads see every acknowledged change; a change is acknowledged once it is durable.</summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>Raised after each durable change, on any thread; handlers must not block.</summary>
    event Action<Change>? Committed;

    /// <exception cref="VersionConflictException">A row changed since it was read, or a row it refers to is gone.</exception>
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

    ValueTask<string?> FindKeyAsync(byte[] hash, CancellationToken cancellationToken);

    /// <summary>Assignments of a node, or of all nodes where <paramref name="node"/> is null, in order of resource name.</summary>
    ValueTask<IReadOnlyList<AssignmentRow>> ListAssignmentsAsync(string? node, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<EndpointRow>> ListEndpointsAsync(string deployment, CancellationToken cancellationToken);

    /// <summary>Entries due by <paramref name="now"/>, oldest first.</summary>
    ValueTask<IReadOnlyList<OutboxEntry>> ListOutboxAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken);

    /// <summary>Audit entries of an account, newest first.</summary>
    ValueTask<IReadOnlyList<AuditEntry>> ListAuditAsync(string account, int limit, CancellationToken cancellationToken);

    /// <summary>Usage of an account, in order of key.</summary>
    ValueTask<IReadOnlyList<UsageEntry>> ListUsageAsync(string account, CancellationToken cancellationToken);

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
