using System.Text.RegularExpressions;

namespace Hearth.ControlPlane;

/// <summary>
/// Secrets: written over the API, read by the server's own code only (rule S4). Those of an account are resources with a key name;
/// those that came with another resource (a job's W&amp;B key) lie below it, appear in no list, and go with it.
/// </summary>
public sealed partial class Secrets(ResourceStore resources, KeyRing keys)
{
    private const string KeyNames = "secretKeyNames";

    /// <summary>Stores a secret of an account; its key name is taken by one secret at a time.</summary>
    public ValueTask<Stored<SecretRecord>> CreateAsync(Caller caller, ResourceName name, string keyName, string value, CancellationToken cancellationToken)
    {
        CheckKeyName(keyName);
        return resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var row = resources.NewRow(name, "READY", await SealedAsync(caller, name, keyName, value, 1, cancel));
            change.Insert(row);
            await TakeKeyNameAsync(change, name, keyName, cancel);
            return Records.Read<SecretRecord>(row);
        }, cancellationToken);
    }

    /// <summary>Changes what is not null.</summary>
    public ValueTask<Stored<SecretRecord>> UpdateAsync(Caller caller, ResourceName name, string? keyName, string? value, CancellationToken cancellationToken)
    {
        if (keyName is not null) CheckKeyName(keyName);
        return resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<SecretRecord>(name, cancel);
            var record = current.Value;
            if (value is not null)
                record = await SealedAsync(caller, name, record.KeyName, value, record.ValueVersion + 1, cancel) with { CreatedBy = record.CreatedBy };
            if (keyName is not null && keyName != record.KeyName)
            {
                await FreeKeyNameAsync(change, name, record.KeyName, cancel);
                await TakeKeyNameAsync(change, name, keyName, cancel);
                record = record with { KeyName = keyName };
            }
            var next = current.With(record, null, resources.Now);
            change.Update(next);
            return Records.Read<SecretRecord>(next);
        }, cancellationToken);
    }

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var secret = await resources.GetAsync<SecretRecord>(name, cancel);
            change.Delete(secret.Row);
            await FreeKeyNameAsync(change, name, secret.Value.KeyName, cancel);
            return true;
        }, cancellationToken);

    /// <summary>The value: for the server's own use, never for an answer, a log or a recipe.</summary>
    /// <exception cref="HearthException">There is no such secret, or its row was changed outside the server.</exception>
    public async ValueTask<string> OpenAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var secret = await resources.GetAsync<SecretRecord>(name, cancellationToken);
        return await keys.OpenAsync(name, secret.Value.ValueVersion, secret.Value.Value, cancellationToken);
    }

    /// <summary>Adds to a resource's change a secret of its own, such as a job's W&amp;B key.</summary>
    public async ValueTask<ResourceName> AttachAsync(Change change, Caller caller, ResourceName owner, string id, string value, CancellationToken cancellationToken)
    {
        var name = OfOwner(owner, id);
        var known = await resources.FindAsync<SecretRecord>(name, cancellationToken);
        var record = await SealedAsync(caller, name, "", value, known?.Value.ValueVersion + 1 ?? 1, cancellationToken);
        if (known is null) change.Insert(resources.NewRow(name, "READY", record));
        else change.Update(known.With(record, null, resources.Now));
        return name;
    }

    /// <summary>Adds to a resource's change the end of its own secrets.</summary>
    public async ValueTask DetachAsync(Change change, ResourceName owner, CancellationToken cancellationToken)
    {
        foreach (var row in await resources.Store.ListAsync(new ResourceQuery(ResourceKind.Secrets, owner.Value), cancellationToken)) change.Delete(row);
    }

    /// <summary>Name of a secret that belongs to one resource.</summary>
    public static ResourceName OfOwner(ResourceName owner, string id) => ResourceName.Below(owner.Value, ResourceKind.Secrets, id);

    private async ValueTask<SecretRecord> SealedAsync(Caller caller, ResourceName name, string keyName, string value, long version, CancellationToken cancellationToken)
    {
        if (value.Length > SecretRecord.MaxValueLength) throw HearthException.Invalid($"value has {value.Length:N0} characters; a secret takes up to {SecretRecord.MaxValueLength:N0}.");
        return new() { CreatedBy = caller.Email, KeyName = keyName, Value = await keys.SealAsync(name, version, value, cancellationToken), ValueVersion = version };
    }

    private static void CheckKeyName(string keyName)
    {
        if (KeyNamePattern().IsMatch(keyName)) return;
        throw new HearthException(ErrorCode.InvalidArgument,
            "keyName becomes the name of an environment variable: use 1 to 128 letters, digits and underscores, not beginning with a digit.")
        { Param = "keyName" };
    }

    // A row of its own for each key name, so that of two creations at once the store refuses one.
    private async ValueTask TakeKeyNameAsync(Change change, ResourceName name, string keyName, CancellationToken cancellationToken)
    {
        var claim = ResourceName.Below(name.Parent, KeyNames, keyName);
        if (await resources.FindAsync<KeyNameClaim>(claim, cancellationToken) is { } taken && taken.Value.Secret != name.Value)
            throw new HearthException(ErrorCode.AlreadyExists, $"keyName {keyName} is the name of {taken.Value.Secret}. Choose another, or change that secret.");
        change.Insert(resources.NewRow(claim, "", new KeyNameClaim(name.Value)));
    }

    private async ValueTask FreeKeyNameAsync(Change change, ResourceName name, string keyName, CancellationToken cancellationToken)
    {
        if (await resources.FindAsync<KeyNameClaim>(ResourceName.Below(name.Parent, KeyNames, keyName), cancellationToken) is { } claim) change.Delete(claim.Row);
    }

    private sealed record KeyNameClaim(string Secret);

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,127}$", RegexOptions.CultureInvariant)]
    private static partial Regex KeyNamePattern();
}
