using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The file <c>credentials</c> in the data directory (mode 0600): the keys that this machine's owner reaches the server with.</summary>
internal sealed class Credentials(string path)
{
    private const string LimitedUser = "limited";

    private sealed record Content(string Account, string? AdminKey, string? LimitedKey);

    /// <summary>Null where the file was taken away.</summary>
    public string? AdminKey => Read()?.AdminKey;

    public void KeepAdminKey(string key) => Write(new(FirstStart.Account, key, Read()?.LimitedKey));

    /// <summary>A key of an inference user: it may ask models and nothing else. Made when it is first wanted.</summary>
    public async ValueTask<string> LimitedKeyAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var keys = services.GetRequiredService<ApiKeys>();
        var kept = Read() ?? new(FirstStart.Account, null, null);
        if (kept.LimitedKey is { } known && await keys.AuthenticateAsync(known, cancellationToken) is not null) return known;
        var user = ResourceName.Of(FirstStart.Account, ResourceKind.Users, LimitedUser);
        if (await services.GetRequiredService<ResourceStore>().FindAsync<UserRecord>(user, cancellationToken) is null)
        {
            var record = new UserRecord { Role = UserRole.InferenceUser, Email = $"{LimitedUser}@localhost", DisplayName = "Limited" };
            await services.GetRequiredService<Users>().CreateAsync(Caller.System, user, record, cancellationToken);
        }
        var key = ApiKeys.NewKey();
        Write(kept with { LimitedKey = key });
        await keys.CreateAsync(Caller.System, user, key, "limited", null, cancellationToken);
        return key;
    }

    private Content? Read() => File.Exists(path) ? JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path), JsonSerializerOptions.Web) : null;

    private void Write(Content content) => PrivateFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(content, JsonSerializerOptions.Web));
}
