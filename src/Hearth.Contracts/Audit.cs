namespace Hearth.Contracts;

/// <summary>Who changed what.</summary>
public sealed record AuditLog
{
    public string ApiKeyId { get; init; } = "";
    public string Email { get; init; } = "";
    /// <summary>Collection and verb, such as <c>datasets.create</c>.</summary>
    public string EventType { get; init; } = "";
    public string Message { get; init; } = "";
    /// <summary>E-mail address of whoever did it.</summary>
    public string Principal { get; init; } = "";
    public string Resource { get; init; } = "";
    /// <summary>Changes are logged with what they changed, so it is OK; what was refused changed nothing.</summary>
    public StatusCode ResponseCode { get; init; }
    /// <summary>The API key that was made or deleted; else empty.</summary>
    public string TargetApiKeyId { get; init; } = "";
    public DateTimeOffset? Timestamp { get; init; }
}
