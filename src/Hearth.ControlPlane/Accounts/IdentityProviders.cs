namespace Hearth.ControlPlane;

/// <summary>A company's own sign-in, by SAML or OpenID Connect. Kept and shown; signing in through it comes with the web console.</summary>
public sealed record IdentityProviderRecord
{
    public string CreatedBy { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string SamlMetadataUrl { get; init; } = "";
    public string OidcIssuer { get; init; } = "";
    public string OidcClientId { get; init; } = "";
    /// <summary>Domains whose users sign in here; empty: that of the account's e-mail address.</summary>
    public IReadOnlyList<string> TenantDomains { get; init; } = [];
}

/// <summary>The verbs on identity providers.</summary>
public sealed class IdentityProviders(ResourceStore resources, Secrets secrets)
{
    /// <summary>The provider's own secret that holds its OIDC client secret.</summary>
    public const string ClientSecret = "oidc-client-secret";

    public ValueTask<Stored<IdentityProviderRecord>> CreateAsync(Caller caller, ResourceName name, IdentityProviderRecord provider, string? clientSecret, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            Check(provider, clientSecret is { Length: > 0 });
            var row = resources.NewRow(name, "READY", provider with { CreatedBy = caller.Email });
            change.Insert(row);
            if (clientSecret is { Length: > 0 }) await secrets.AttachAsync(change, caller, name, ClientSecret, clientSecret, cancel);
            return Records.Read<IdentityProviderRecord>(row);
        }, cancellationToken);

    public ValueTask<Stored<IdentityProviderRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<IdentityProviderRecord, IdentityProviderRecord> update, string? clientSecret, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<IdentityProviderRecord>(name, cancel);
            var kept = await resources.FindAsync<SecretRecord>(Secrets.OfOwner(name, ClientSecret), cancel) is not null;
            var provider = update(current.Value);
            Check(provider, kept || clientSecret is { Length: > 0 });
            var next = current.With(provider, null, resources.Now);
            change.Update(next);
            if (clientSecret is { Length: > 0 }) await secrets.AttachAsync(change, caller, name, ClientSecret, clientSecret, cancel);
            return Records.Read<IdentityProviderRecord>(next);
        }, cancellationToken);

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            change.Delete((await resources.GetAsync<IdentityProviderRecord>(name, cancel)).Row);
            await secrets.DetachAsync(change, name, cancel);
            return true;
        }, cancellationToken);

    private static void Check(IdentityProviderRecord provider, bool hasSecret)
    {
        var (saml, oidc) = (provider.SamlMetadataUrl != "", provider.OidcIssuer != "" || provider.OidcClientId != "");
        if (saml == oidc) throw HearthException.Invalid("Give either samlConfig.metadataUrl, or oidcConfig with issuer, clientId and clientSecret.");
        if (oidc && (provider.OidcIssuer == "" || provider.OidcClientId == "" || !hasSecret)) throw HearthException.Invalid("oidcConfig needs issuer, clientId and clientSecret.");
        var address = saml ? provider.SamlMetadataUrl : provider.OidcIssuer;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps)
            throw HearthException.Invalid($"'{address}' is not an https address.");
    }
}
