using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>users/{user}/apiKeys</c></summary>
internal static class ApiKeyEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("users/{id}/apiKeys", Permission.Keys, CreateAsync);
        routes.Get("users/{id}/apiKeys", Permission.Keys, ListAsync);
        routes.Post("users/{id}/apiKeys:delete", Permission.Keys, DeleteAsync);
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

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, RequireOwnOrAdmin(call).Value, new(ResourceKind.ApiKeys, typeof(ApiKey), row => ToContract(Records.Read<ApiKeyRecord>(row)))
        {
            DefaultOrder = "createTime",
        });

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
