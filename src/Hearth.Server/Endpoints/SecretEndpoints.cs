using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>secrets</c></summary>
internal static class SecretEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("secrets", Permission.Create, CreateAsync);
        routes.Get("secrets", Permission.View, ListAsync);
        routes.Get("secrets/{id}", Permission.View, GetAsync);
        routes.Patch("secrets/{id}", Permission.Change, UpdateAsync);
        routes.Delete("secrets/{id}", Permission.Change, DeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<SecretParam>();
        var id = NullIfEmpty(param.Name) ?? IdOf(param.KeyName);
        var name = Resolved(call, id ?? throw HearthException.Invalid("name is required: the secret's id."));
        var keyName = NullIfEmpty(param.KeyName) ?? name.Id.ToUpperInvariant().Replace('-', '_');
        return ToContract(await call.Service<Secrets>().CreateAsync(call.Caller, name, keyName, param.Value ?? "", call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Secrets, typeof(Secret), row => ToContract(Records.Read<SecretRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var secret = await call.Service<ResourceStore>().GetAsync<SecretRecord>(call.Name(ResourceKind.Secrets), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(secret));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var param = await call.ReadAsync<SecretParam>();
        var name = call.Name(ResourceKind.Secrets);
        if (NullIfEmpty(param.Name) is { } again && Resolved(call, again) != name)
            throw HearthException.Invalid($"name '{again}' is another than the address'. A secret's name cannot change.");
        return ToContract(await call.Service<Secrets>().UpdateAsync(call.Caller, name, NullIfEmpty(param.KeyName), param.Value, call.Cancelled));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Secrets>().DeleteAsync(call.Caller, call.Name(ResourceKind.Secrets), call.Cancelled);
        return Answers.Empty;
    }

    private static ResourceName Resolved(Call call, string text)
    {
        var name = ResourceName.Resolve(text, call.Account, ResourceKind.Secrets);
        if (name.Parent != $"accounts/{call.Account}") throw HearthException.Invalid($"name '{text}' is not in accounts/{call.Account}. Give the bare id.");
        ResourceName.CheckedId(name.Id, "name");
        return name;
    }

    // Clients name a secret after its variable: OPENAI_API_KEY is openai-api-key.
    private static string? IdOf(string? keyName) => NullIfEmpty(keyName)?.ToLowerInvariant().Replace('_', '-');

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static Secret ToContract(Stored<SecretRecord> secret) => new() { Name = secret.Name.Value, KeyName = secret.Value.KeyName };
}
