using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>API keys: 256 random bits, stored as SHA-256 with a visible prefix (rule S4). A revoked key ends at once.</summary>
public sealed class ApiKeys(ResourceStore resources)
{
    private const string Mark = "fw_";
    private const int VisibleCharacters = 8;

    private readonly KnownKeys _known = new(resources.Store);

    public static string NewKey() => Mark + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Stores <paramref name="key"/> by its hash; whoever made it shows it once.</summary>
    public async ValueTask<Stored<ApiKeyRecord>> CreateAsync(
        Caller caller, ResourceName user, string key, string displayName, DateTimeOffset? expireTime, CancellationToken cancellationToken)
    {
        var name = ResourceName.Below(user.Value, ResourceKind.ApiKeys, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        return await resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var owner = await resources.GetAsync<UserRecord>(user, cancel);
            if (owner.Value.ServiceAccount && caller.Role != UserRole.Admin)
                throw new HearthException(ErrorCode.PermissionDenied, $"{user} is a service account: its keys are made by an admin.");
            if (expireTime <= resources.Now) throw HearthException.Invalid("expireTime is in the past. Give a later time, or leave it out.");
            var record = new ApiKeyRecord
            {
                DisplayName = displayName,
                Hash = Convert.ToHexStringLower(Hash(key)),
                Prefix = key[..VisibleCharacters],
                Email = owner.Value.Email,
                ExpireTime = expireTime,
            };
            var row = resources.NewRow(name, "", record, user.Value);
            change.Insert(row).AddKey(new(Hash(key), name.Value));
            return Records.Read<ApiKeyRecord>(row);
        }, cancellationToken);
    }

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName key, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", key, async (change, cancel) =>
        {
            change.Delete((await resources.GetAsync<ApiKeyRecord>(key, cancel)).Row);
            return true;
        }, cancellationToken);

    /// <summary>Who holds <paramref name="key"/>, or null where it is unknown, expired or revoked.</summary>
    public async ValueTask<Caller?> AuthenticateAsync(string key, CancellationToken cancellationToken)
    {
        if (!key.StartsWith(Mark, StringComparison.Ordinal)) return null;
        var hash = Hash(key);
        var (text, generation) = (Convert.ToHexStringLower(hash), _known.Generation);
        var known = _known.Find(text, resources.Now);
        if (known is null && await ReadAsync(hash, cancellationToken) is { } read) _known.Keep(text, known = read, generation);
        return known is not null && known.Record.IsValid(resources.Now) ? known.Caller : null;
    }

    private async ValueTask<KnownKey?> ReadAsync(byte[] hash, CancellationToken cancellationToken)
    {
        if (await resources.Store.FindKeyAsync(hash, cancellationToken) is not { } found) return null;
        var name = ResourceName.Parse(found);
        if (await resources.FindAsync<ApiKeyRecord>(name, cancellationToken) is not { } record) return null;
        if (!CryptographicOperations.FixedTimeEquals(hash, Convert.FromHexString(record.Value.Hash))) return null;
        var user = await resources.FindAsync<UserRecord>(ResourceName.Parse(name.Parent), cancellationToken);
        return user is null ? null : new(new(name.Account, user.Name.Id, user.Value.Email, user.Value.Role, name.Id), record.Value, resources.Now);
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
