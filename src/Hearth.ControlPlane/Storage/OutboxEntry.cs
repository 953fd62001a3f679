namespace Hearth.ControlPlane;

/// <summary>Something to do outside after the commit (rule R7): delivered at least once, in order per resource.</summary>
public sealed record OutboxEntry(long Id, string Resource, string Kind, string Payload, int Attempts, DateTimeOffset Due)
{
    /// <summary>Given up after too many attempts: kept for the operator to see, no longer in the way of the resource's later entries.</summary>
    public bool Dead { get; init; }

    /// <summary>Why the last attempt failed; empty before one did.</summary>
    public string Error { get; init; } = "";
}

/// <summary>Delivers the outbox entries of one kind. Entries may come twice: doing it again changes nothing. An exception means again later.</summary>
public interface IOutboxHandler
{
    string Kind { get; }
    ValueTask HandleAsync(OutboxEntry entry, CancellationToken cancellationToken);
}
