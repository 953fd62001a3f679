using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Seals what must not lie in the database in the clear (rule S4): AES-256-GCM with a data key, which the master key wraps.
/// The first seal makes the data key; a server whose database has one does not start without the master key that wrapped it.
/// </summary>
public sealed class KeyRing(ResourceStore resources, MasterKeyFile file)
{
    private const string Current = "1";
    private readonly ConcurrentDictionary<string, byte[]> _open = [];
    private MasterKey? _master;

    /// <summary>Finishes a rotation that was cut off, then opens every data key. Makes the master key at the first start only.</summary>
    /// <exception cref="InvalidOperationException">Data keys exist and the master key is missing or another one.</exception>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        var wrapped = await DataKeysAsync(resources.Store, cancellationToken);
        _master = file.Open([.. wrapped.Select(row => row.Value)]);
        foreach (var row in wrapped) _open[row.Name.Id] = Unwrapped(_master, row, file.Path);
    }

    /// <summary>Seals <paramref name="content"/> for one place: account, name and version of the thing that holds it.</summary>
    public async ValueTask<SealedValue> SealAsync(ResourceName place, long version, string content, CancellationToken cancellationToken)
    {
        var key = _open.TryGetValue(Current, out var known) ? known : await MakeAsync(cancellationToken);
        return new(Current, AuthenticatedBox.Seal(key, Encoding.UTF8.GetBytes(content), Associated(place, version)));
    }

    /// <exception cref="HearthException">It was sealed for another place or version, or changed since.</exception>
    public async ValueTask<string> OpenAsync(ResourceName place, long version, SealedValue value, CancellationToken cancellationToken)
    {
        var key = _open.TryGetValue(value.Key, out var known) ? known : await FindAsync(value.Key, cancellationToken);
        return key is not null && AuthenticatedBox.TryOpen(key, value.Box, Associated(place, version)) is { } content
            ? Encoding.UTF8.GetString(content)
            : throw new HearthException(ErrorCode.DataLoss, $"{place} cannot be opened: its row was changed outside the server. Set its value again.");
    }

    /// <summary>Wraps every data key anew, in one transaction: a crash leaves either all under the old master key, or all under the new one.</summary>
    public static async ValueTask<int> RewrapAsync(IStore store, MasterKey from, MasterKey to, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var wrapped = await DataKeysAsync(store, cancellationToken);
        var change = new Change();
        foreach (var row in wrapped) change.Update(row.With(to.Wrap(row.Name.Id, Unwrapped(from, row, "given")), null, now));
        change.Record(new(Caller.System.Account, now, Caller.System.Email, "", "keys.rotate", $"accounts/{Caller.System.Account}"));
        await store.CommitAsync(change, cancellationToken);
        return wrapped.Count;
    }

    /// <summary>The data keys as stored.</summary>
    public static async ValueTask<IReadOnlyList<DataKeyRecord>> WrappedAsync(IStore store, CancellationToken cancellationToken) =>
        [.. (await DataKeysAsync(store, cancellationToken)).Select(row => row.Value)];

    private static async ValueTask<IReadOnlyList<Stored<DataKeyRecord>>> DataKeysAsync(IStore store, CancellationToken cancellationToken) =>
    [
        .. (await store.ListAsync(new ResourceQuery(ResourceKind.DataKeys, $"accounts/{Caller.System.Account}"), cancellationToken)).Select(Records.Read<DataKeyRecord>),
    ];

    private async ValueTask<byte[]> MakeAsync(CancellationToken cancellationToken)
    {
        var name = ResourceName.Of(Caller.System.Account, ResourceKind.DataKeys, Current);
        await resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.FindAsync<DataKeyRecord>(name, cancel) is not null) return false;
            change.Insert(resources.NewRow(name, "READY", Master.Wrap(name.Id, RandomNumberGenerator.GetBytes(AuthenticatedBox.KeyBytes))));
            return true;
        }, cancellationToken);
        return (await FindAsync(Current, cancellationToken))!;
    }

    private async ValueTask<byte[]?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var row = await resources.FindAsync<DataKeyRecord>(ResourceName.Of(Caller.System.Account, ResourceKind.DataKeys, id), cancellationToken);
        return row is null ? null : _open[id] = Unwrapped(Master, row, file.Path);
    }

    private MasterKey Master => _master ?? throw new InvalidOperationException("The key ring is used before it was opened.");

    private static byte[] Unwrapped(MasterKey master, Stored<DataKeyRecord> row, string path) => master.Unwrap(row.Name.Id, row.Value)
        ?? throw new InvalidOperationException($"The master key {path} (id {master.Id}) does not open the database's data key, which the key with id {row.Value.MasterKey} wrapped. Put that key back.");

    private static byte[] Associated(ResourceName place, long version) => Encoding.UTF8.GetBytes($"hearth secret\n{place.Account}\n{place}\n{version}");
}

/// <summary>A sealed value as records keep it. <paramref name="Key"/> is the data key's id.</summary>
public sealed record SealedValue(string Key, byte[] Box);
