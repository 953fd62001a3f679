using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>users/{user}/apiKeys</c></summary>
internal static class ApiKeyEndpoints
{
    private const string AllUsers = "-";

    public static void Map(Routes routes)
    {
        routes.Post("users/{id}/apiKeys", Permission.Keys, CreateAsync);
        routes.Get("users/{id}/apiKeys", Permission.Keys, ListAsync);
        routes.Post("users/{id}/apiKeys:delete", Permission.Keys, DeleteAsync);
        routes.Get("/verifyApiKey", Permission.View, VerifyAsync);
    }

    /// <summary>Tells a key's holder the account, in the header that the platform's clients read.</summary>
    private static Task<object> VerifyAsync(Call call)
    {
        call.Http.Response.Headers["x-fireworks-account-id"] = call.Caller.Account;
        return Task.FromResult(Answers.Empty);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var user = RequireOwnOrAdmin(call);
        var param = (await call.ReadAsync<CreateApiKeyRequest>()).ApiKey ?? new ApiKeyParam();
        Mapping.CheckTexts(param.DisplayName);
        var key = ApiKeys.NewKey();
        return ToContract(await call.Service<ApiKeys>().CreateAsync(
            call.Caller, user, key, param.DisplayName ?? "default", param.ExpireTime, call.Cancelled)) with
        { Key = key };
    }

    /// <summary>The keys of one user; those of all users under <c>users/-</c>, for admins.</summary>
    private static Task<object> ListAsync(Call call)
    {
        var listed = new Listed(ResourceKind.ApiKeys, typeof(ApiKey), row => ToContract(Records.Read<ApiKeyRecord>(row))) { DefaultOrder = "createTime" };
        var user = RequireOwnOrAdmin(call);
        return call.Service<Lister>().ListAsync(call, user.Value, user.Id == AllUsers ? listed with { Rows = cancel => RowsOfAllAsync(call, cancel) } : listed);
    }

    private static async ValueTask<IReadOnlyList<ResourceRow>> RowsOfAllAsync(Call call, CancellationToken cancellationToken)
    {
        var resources = call.Service<ResourceStore>();
        var rows = new List<ResourceRow>();
        foreach (var user in await resources.ListAsync<UserRecord>(call.Account, ResourceKind.Users, cancellationToken))
            rows.AddRange(await resources.Store.ListAsync(new ResourceQuery(ResourceKind.ApiKeys, user.Name.Value), cancellationToken));
        return rows;
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        var user = RequireOwnOrAdmin(call);
        var keyId = (await call.ReadAsync<DeleteApiKeyRequest>()).KeyId;
        if (string.IsNullOrEmpty(keyId)) throw HearthException.Invalid("keyId is required: the id of the key to delete.");
        await call.Service<ApiKeys>().DeleteAsync(call.Caller, ResourceName.Below(user.Value, ResourceKind.ApiKeys, keyId), call.Cancelled);
        return Answers.Empty;
    }

    private static ResourceName RequireOwnOrAdmin(Call call)
    {
        var user = call.Name(ResourceKind.Users);
        return user.Id == call.Caller.User || call.Caller.Role == UserRole.Admin
            ? user
            : throw new HearthException(ErrorCode.PermissionDenied, $"The keys of {user} are managed by that user or an admin.");
    }

    private static ApiKey ToContract(Stored<ApiKeyRecord> key) => new()
    {
        KeyId = key.Name.Id,
        DisplayName = key.Value.DisplayName,
        Prefix = key.Value.Prefix,
        Email = key.Value.Email,
        Secure = true,
        CreateTime = key.Row.CreateTime,
        ExpireTime = key.Value.ExpireTime,
    };
}
