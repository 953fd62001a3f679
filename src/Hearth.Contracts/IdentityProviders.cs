namespace Hearth.Contracts;

/// <summary>A company's own sign-in.</summary>
public sealed record IdentityProvider
{
    public string Name { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    public SamlConfig? SamlConfig { get; init; }
    public OidcConfig? OidcConfig { get; init; }
    public IReadOnlyList<string> TenantDomains { get; init; } = [];
    public AccountState State { get; init; }
    public Status? Status { get; init; }
}

/// <summary>What a caller may set on an identity provider.</summary>
public sealed record IdentityProviderParam
{
    public string? DisplayName { get; init; }
    public SamlConfig? SamlConfig { get; init; }
    public OidcConfig? OidcConfig { get; init; }
    public IReadOnlyList<string>? TenantDomains { get; init; }
}

/// <summary>Sign-in by SAML, started by us.</summary>
public sealed record SamlConfig
{
    public string? MetadataUrl { get; init; }
}

/// <summary>Sign-in by OpenID Connect. The client secret is taken, never given.</summary>
public sealed record OidcConfig
{
    public string? Issuer { get; init; }
    public string? ClientId { get; init; }
    public string? ClientSecret { get; init; }
}
