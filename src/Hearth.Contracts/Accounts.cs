namespace Hearth.Contracts;

/// <summary>An account: the owner of everything below <c>accounts/{account}</c>.</summary>
public sealed record Account
{
    public string Email { get; init; } = "";
    public AccountType AccountType { get; init; }
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public string Name { get; init; } = "";
    public AccountState State { get; init; }
    public Status? Status { get; init; }
    public SuspendState SuspendState { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>A person or service account.</summary>
public sealed record User
{
    public string Role { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public string Email { get; init; } = "";
    public string Name { get; init; } = "";
    public bool ServiceAccount { get; init; }
    public AccountState State { get; init; }
    public Status? Status { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>What a caller may set on a user.</summary>
public sealed record UserParam
{
    public string? Role { get; init; }
    public string? DisplayName { get; init; }
    public string? Email { get; init; }
    public bool? ServiceAccount { get; init; }
}

/// <summary>Kind of an account. Members are spelled as on the wire.</summary>
public enum AccountType
{
    ACCOUNT_TYPE_UNSPECIFIED,
    ENTERPRISE
}

/// <summary>State of an account or user. Members are spelled as on the wire.</summary>
public enum AccountState
{
    STATE_UNSPECIFIED,
    CREATING,
    READY,
    UPDATING,
    DELETING
}

/// <summary>Why an account is suspended, if it is. Members are spelled as on the wire.</summary>
public enum SuspendState
{
    UNSUSPENDED,
    FAILED_PAYMENTS,
    CREDIT_DEPLETED,
    MONTHLY_SPEND_LIMIT_EXCEEDED,
    BLOCKED_BY_ABUSE_RULE
}
