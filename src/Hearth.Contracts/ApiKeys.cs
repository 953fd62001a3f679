namespace Hearth.Contracts;

/// <summary>An API key. The key itself is only in the answer to its creation.</summary>
public sealed record ApiKey
{
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    public string Email { get; init; } = "";
    public DateTimeOffset? ExpireTime { get; init; }
    public string Key { get; init; } = "";
    public string KeyId { get; init; } = "";
    public string Prefix { get; init; } = "";
    public bool Secure { get; init; }
}

/// <summary>What a caller may set on a new key.</summary>
public sealed record ApiKeyParam
{
    public string? DisplayName { get; init; }
    public DateTimeOffset? ExpireTime { get; init; }
}

/// <summary>Body of <c>POST users/{user}/apiKeys</c>.</summary>
public sealed record CreateApiKeyRequest
{
    public ApiKeyParam? ApiKey { get; init; }
}

/// <summary>Body of <c>POST users/{user}/apiKeys:delete</c>.</summary>
public sealed record DeleteApiKeyRequest
{
    public string? KeyId { get; init; }
}
