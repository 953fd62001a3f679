using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/v1/accounts</c></summary>
internal static class AccountEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Get("/v1/accounts", Permission.View, ListAsync);
        routes.Get("/v1/accounts/{account}", Permission.View, GetAsync);
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(call, "", new(ResourceKind.Accounts, typeof(Account), row => ToContract(Records.Read<AccountRecord>(row)))
    {
        Hidden = row => row.Name.Id != call.Caller.Account,
    });

    private static async Task<object> GetAsync(Call call)
    {
        var account = await call.Service<ResourceStore>().GetAsync<AccountRecord>(ResourceName.ForAccount(call.Account), call.Cancelled);
        var suspended = await call.Service<Suspension>().IsSuspendedAsync(call.Account, call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(account) with { SuspendState = suspended ? SuspendState.MONTHLY_SPEND_LIMIT_EXCEEDED : SuspendState.UNSUSPENDED });
    }

    private static Account ToContract(Stored<AccountRecord> account) => new()
    {
        Name = account.Name.Value,
        DisplayName = account.Value.DisplayName,
        Email = account.Value.Email,
        State = AccountState.READY,
        Status = new Status(),
        CreateTime = account.Row.CreateTime,
        UpdateTime = account.Row.UpdateTime,
    };
}
