namespace Hearth.ControlPlane;

/// <summary>
/// The first start makes the account <c>local</c>, its admin and one admin key (rule S10). Later starts change nothing, unless no admin has a key left:
/// whoever can start the server gets in again with a new one.
/// </summary>
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
        if (await AdminWithoutKeyAsync(cancellationToken) is not { } admin) return;
        await EnsureAsync(admin, new UserRecord { Role = UserRole.Admin, Email = AdminEmail, DisplayName = "Admin" }, cancellationToken);
        var key = ApiKeys.NewKey();
        keep(key);
        await keys.CreateAsync(Caller.System, admin, key, "admin", null, cancellationToken);
    }

    /// <summary>Whom to give a key: nobody where an admin has one that holds for good.</summary>
    private async ValueTask<ResourceName?> AdminWithoutKeyAsync(CancellationToken cancellationToken)
    {
        var users = await resources.ListAsync<UserRecord>(Account, ResourceKind.Users, cancellationToken);
        var admins = users.Where(user => user.Value is { Role: UserRole.Admin, ServiceAccount: false }).Select(user => user.Name).ToList();
        foreach (var admin in admins)
        {
            var rows = await resources.Store.ListAsync(new ResourceQuery(ResourceKind.ApiKeys, admin.Value), cancellationToken);
            if (rows.Any(row => Records.Read<ApiKeyRecord>(row).Value.IsValid(resources.Now))) return null;
        }
        return admins.FirstOrDefault() ?? ResourceName.Of(Account, ResourceKind.Users, AdminUser);
    }

    private async ValueTask EnsureAsync<T>(ResourceName name, T value, CancellationToken cancellationToken)
    {
        if (await resources.FindAsync<T>(name, cancellationToken) is null)
            await resources.CreateAsync<T>(Caller.System, resources.NewRow(name, "READY", value), cancellationToken);
    }
}
