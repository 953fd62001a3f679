namespace Hearth.ControlPlane;

/// <summary>An account.</summary>
public sealed record AccountRecord
{
    public string DisplayName { get; init; } = "";
    public string Email { get; init; } = "";
}

/// <summary>A person or service account.</summary>
public sealed record UserRecord
{
    public UserRole Role { get; init; }
    public string Email { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public bool ServiceAccount { get; init; }
}

/// <summary>An API key, without the key: its SHA-256 finds it, its prefix shows which one it is (rule S4).</summary>
public sealed record ApiKeyRecord
{
    public string DisplayName { get; init; } = "";
    public string Hash { get; init; } = "";
    public string Prefix { get; init; } = "";
    public string Email { get; init; } = "";
    public DateTimeOffset? ExpireTime { get; init; }

    /// <summary>False from the expiry on.</summary>
    public bool IsValid(DateTimeOffset now) => ExpireTime is not { } end || end > now;
}
