namespace Hearth.ControlPlane;

/// <summary>Something that happens at a time (rule R8): expiry, scale windows, notices, retries. One for each resource and kind.</summary>
public sealed record DueRow(DateTimeOffset At, string Resource, string Kind)
{
    /// <summary>When it is tried next: <see cref="At"/>, or later while it is claimed or after it failed.</summary>
    public DateTimeOffset Next { get; init; } = At;

    /// <summary>Claims so far.</summary>
    public int Attempts { get; init; }
}

/// <summary>
/// Does what is due of one kind. It may be called twice for one row (a crash after the work): it reads the resource and decides anew.
/// The row goes when the handler returns, unless the handler scheduled it again; an exception means again later.
/// </summary>
public interface IDueHandler
{
    string Kind { get; }
    ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken);
}
