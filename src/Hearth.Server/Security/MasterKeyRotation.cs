using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;

namespace Hearth.Server;

/// <summary>
/// Replaces the master key of a data directory that no server holds: data keys are wrapped anew, secrets stay as they are.
/// A crash at any point leaves a directory that the next start or rotation finishes or undoes by itself.
/// </summary>
public static class MasterKeyRotation
{
    /// <param name="masterKeyFile">The operator's key file in use; null: <c>keys/master</c> in the data directory.</param>
    /// <param name="newKeyFile">File with the key to change to; null: a new key is made in place of <c>keys/master</c>.</param>
    /// <returns>Number of data keys wrapped anew, and the new master key's id.</returns>
    /// <exception cref="InvalidOperationException">A server runs on the directory, a key is missing, or the operator's key needs <paramref name="newKeyFile"/>.</exception>
    public static async Task<(int DataKeys, string Id)> RunAsync(
        string dataDirectory, string? masterKeyFile, string? newKeyFile, TimeProvider clock, CancellationToken cancellationToken)
    {
        var file = MasterKeyFile.Of(dataDirectory, masterKeyFile);
        if (!file.IsOwn && newKeyFile is null)
            throw new InvalidOperationException($"The master key {file.Path} is yours, not the server's. Put the new key into a file of its own, pass it with --new-key-file, then set HEARTH_MASTER_KEY_FILE to it.");
        if (file.IsOwn && newKeyFile is not null)
            throw new InvalidOperationException("The server keeps this directory's master key itself. Leave --new-key-file out.");
        using var held = DataDirectoryLock.Take(dataDirectory);
        await using var store = SqliteStore.Open(Path.Combine(dataDirectory, "hearth.db"));
        return await RotateAsync(store, file, newKeyFile, clock, cancellationToken);
    }

    private static async Task<(int DataKeys, string Id)> RotateAsync(
        SqliteStore store, MasterKeyFile file, string? newKeyFile, TimeProvider clock, CancellationToken cancellationToken)
    {
        file.FinishRotation(await KeyRing.WrappedAsync(store, cancellationToken));
        var old = MasterKey.Read(file.Path);
        var next = newKeyFile is null ? file.BeginRotation() : MasterKey.Read(newKeyFile);
        var count = await KeyRing.RewrapAsync(store, old, next, clock.GetUtcNow(), cancellationToken);
        if (newKeyFile is null) file.EndRotation();
        return (count, next.Id);
    }
}
