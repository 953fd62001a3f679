using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>identityProviders</c></summary>
internal static class IdentityProviderEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("identityProviders", Permission.Administer, CreateAsync);
        routes.Get("identityProviders", Permission.View, ListAsync);
        routes.Get("identityProviders/{id}", Permission.View, GetAsync);
        routes.Patch("identityProviders/{id}", Permission.Administer, UpdateAsync);
        routes.Delete("identityProviders/{id}", Permission.Administer, DeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<IdentityProviderParam>();
        var name = call.NewName(ResourceKind.IdentityProviders, call.Query("identityProviderId"), "identityProviderId");
        return ToContract(await call.Service<IdentityProviders>().CreateAsync(call.Caller, name, Apply(new(), param), param.OidcConfig?.ClientSecret, call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.IdentityProviders, typeof(IdentityProvider), row => ToContract(Records.Read<IdentityProviderRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var provider = await call.Service<ResourceStore>().GetAsync<IdentityProviderRecord>(call.Name(ResourceKind.IdentityProviders), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(provider));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var param = await call.ReadAsync<IdentityProviderParam>();
        return ToContract(await call.Service<IdentityProviders>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.IdentityProviders), provider => Apply(provider, param), param.OidcConfig?.ClientSecret, call.Cancelled));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<IdentityProviders>().DeleteAsync(call.Caller, call.Name(ResourceKind.IdentityProviders), call.Cancelled);
        return Answers.Empty;
    }

    private static IdentityProviderRecord Apply(IdentityProviderRecord provider, IdentityProviderParam param)
    {
        Mapping.CheckTexts(param.DisplayName);
        return provider with
        {
            DisplayName = param.DisplayName ?? provider.DisplayName,
            SamlMetadataUrl = param.SamlConfig?.MetadataUrl ?? provider.SamlMetadataUrl,
            OidcIssuer = param.OidcConfig?.Issuer ?? provider.OidcIssuer,
            OidcClientId = param.OidcConfig?.ClientId ?? provider.OidcClientId,
            TenantDomains = param.TenantDomains ?? provider.TenantDomains,
        };
    }

    private static IdentityProvider ToContract(Stored<IdentityProviderRecord> provider) => new()
    {
        Name = provider.Name.Value,
        DisplayName = provider.Value.DisplayName,
        CreateTime = provider.Row.CreateTime,
        UpdateTime = provider.Row.UpdateTime,
        SamlConfig = provider.Value.SamlMetadataUrl == "" ? null : new() { MetadataUrl = provider.Value.SamlMetadataUrl },
        OidcConfig = provider.Value.OidcIssuer == "" ? null : new() { Issuer = provider.Value.OidcIssuer, ClientId = provider.Value.OidcClientId, ClientSecret = "" },
        TenantDomains = provider.Value.TenantDomains,
        State = AccountState.READY,
        Status = new Status(),
    };
}
