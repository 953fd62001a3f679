namespace Hearth.ControlPlane;

/// <summary>The first start makes the account <c>local</c>, its admin and one admin key; later starts change nothing (rule S10).</summary>
public sealed class FirstStart(ResourceStore resources, ApiKeys keys)
{
    public const string Account = "local";
    public const string AdminUser = "admin";
    private const string AdminEmail = "admin@localhost";

    /// <param name="keep">Called with the new admin key before it is stored, so that a crash between the two locks nobody out.</param>
    public async ValueTask RunAsync(Action<string> keep, CancellationToken cancellationToken)
    {
        await EnsureAsync(ResourceName.ForAccount(Account), new AccountRecord { DisplayName = "Local", Email = AdminEmail }, cancellationToken);
        await EnsureAsync(ResourceName.ForAccount(ModelCatalogue.CatalogueAccount), new AccountRecord { DisplayName = "Catalogue", Email = Caller.System.Email }, cancellationToken);
        var admin = ResourceName.Of(Account, ResourceKind.Users, AdminUser);
        await EnsureAsync(admin, new UserRecord { Role = UserRole.Admin, Email = AdminEmail, DisplayName = "Admin" }, cancellationToken);
        var known = await resources.Store.CountAsync(ResourceKind.ApiKeys, admin.Value, includeDeleted: true, cancellationToken);
        if (known > 0) return;
        var key = ApiKeys.NewKey();
        keep(key);
        await keys.CreateAsync(Caller.System, admin, key, "admin", null, cancellationToken);
    }

    private async ValueTask EnsureAsync<T>(ResourceName name, T value, CancellationToken cancellationToken)
    {
        if (await resources.FindAsync<T>(name, cancellationToken) is null)
            await resources.CreateAsync<T>(Caller.System, resources.NewRow(name, "READY", value), cancellationToken);
    }
}
