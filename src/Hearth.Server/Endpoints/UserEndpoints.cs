using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>users</c></summary>
internal static class UserEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("users", Permission.Administer, CreateAsync);
        routes.Get("users", Permission.View, ListAsync);
        routes.Get("users/{id}", Permission.View, GetAsync);
        routes.Patch("users/{id}", Permission.Administer, UpdateAsync);
        routes.Delete("users/{id}", Permission.Administer, DeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<UserParam>();
        Mapping.CheckTexts(param.DisplayName);
        var name = call.NewName(ResourceKind.Users, call.Query("userId"), "userId");
        var service = param.ServiceAccount ?? false;
        if (service && !string.IsNullOrEmpty(param.Email)) throw HearthException.Invalid("A service account has no email of its own. Leave email out.");
        var email = service ? Users.ServiceAddress(name) : param.Email;
        if (string.IsNullOrEmpty(email)) throw HearthException.Invalid("email is required for a user that is not a service account.");
        var user = new UserRecord { Role = Users.ParseRole(param.Role), Email = email, DisplayName = param.DisplayName ?? "", ServiceAccount = service };
        return ToContract(await call.Service<Users>().CreateAsync(call.Caller, name, user, call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Users, typeof(User), row => ToContract(Records.Read<UserRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var user = await call.Service<ResourceStore>().GetAsync<UserRecord>(call.Name(ResourceKind.Users), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(user));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var param = await call.ReadAsync<UserParam>();
        Mapping.CheckTexts(param.DisplayName);
        return ToContract(await call.Service<Users>().UpdateAsync(call.Caller, call.Name(ResourceKind.Users), user => user with
        {
            Role = string.IsNullOrEmpty(param.Role) ? user.Role : Users.ParseRole(param.Role),
            DisplayName = param.DisplayName ?? user.DisplayName,
            Email = string.IsNullOrEmpty(param.Email) ? user.Email : param.Email,
            ServiceAccount = param.ServiceAccount ?? user.ServiceAccount,
        }, call.Cancelled));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Users>().DeleteAsync(call.Caller, call.Name(ResourceKind.Users), call.Cancelled);
        return Answers.Empty;
    }

    private static User ToContract(Stored<UserRecord> user) => new()
    {
        Name = user.Name.Value,
        Role = Users.Spell(user.Value.Role),
        Email = user.Value.Email,
        DisplayName = user.Value.DisplayName,
        ServiceAccount = user.Value.ServiceAccount,
        State = AccountState.READY,
        Status = new Status(),
        CreateTime = user.Row.CreateTime,
        UpdateTime = user.Row.UpdateTime,
    };
}
