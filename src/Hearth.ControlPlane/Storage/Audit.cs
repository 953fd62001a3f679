namespace Hearth.ControlPlane;

/// <summary>Who did what.</summary>
public sealed record AuditEntry(string Account, DateTimeOffset At, string Principal, string KeyId, string Method, string Resource)
{
    /// <summary>Given by the store, rising.</summary>
    public long Id { get; init; }
}

/// <summary>A page of an account's audit entries, newest first.</summary>
public sealed record AuditQuery(string Account)
{
    /// <summary>Entries at or after this time.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Entries before this time.</summary>
    public DateTimeOffset? To { get; init; }
    /// <summary>Entries older than this one: the <see cref="AuditEntry.Id"/> of the last page's last.</summary>
    public long? BeforeId { get; init; }
    public int Limit { get; init; } = int.MaxValue;
}
