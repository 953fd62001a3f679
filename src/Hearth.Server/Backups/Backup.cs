using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;

namespace Hearth.Server;

/// <summary>
/// Copies a data directory to an empty folder, beside a running server or without one: the database as it is at one moment, then the files that its rows
/// name, which never change, then the run folders, which only grow. Keys and credentials stay out (rule S4): whoever has the backup alone opens no secret.
/// </summary>
public static class Backup
{
    private const int MostAttempts = 5;

    /// <exception cref="InvalidOperationException">There is no data, the target is not empty, or files vanished faster than they could be copied.</exception>
    public static BackupManifest Take(string dataDirectory, string target, TimeProvider clock, CancellationToken cancellationToken)
    {
        dataDirectory = Path.GetFullPath(dataDirectory);
        var database = Path.Combine(dataDirectory, BackupManifest.Database);
        if (!File.Exists(database)) throw new InvalidOperationException($"{dataDirectory} is no server's data directory. Name it with --data-dir.");
        if (!FileCopies.IsEmpty(target)) throw new InvalidOperationException($"{target} is not empty. Give a new folder.");
        Directory.CreateDirectory(target);
        var copied = Path.Combine(target, BackupManifest.Database);
        var copies = CopyAll(dataDirectory, database, copied, target, cancellationToken);
        copies.CopyTree(Path.Combine(dataDirectory, BackupManifest.Runs), Path.Combine(target, BackupManifest.Runs));
        var manifest = new BackupManifest(
            DatabaseCopy.SchemaOf(copied), clock.GetUtcNow(), dataDirectory, copies.Files, copies.Bytes + new FileInfo(copied).Length);
        manifest.Write(target);
        FileCopies.SyncFolders(target);
        return manifest;
    }

    /// <summary>A file that a row names may go after the copy of the database: then the copy is taken anew. Files that were copied stay, they never change.</summary>
    private static FileCopies CopyAll(string dataDirectory, string database, string copied, string target, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            DatabaseCopy.Take(database, copied);
            try
            {
                return CopyNamed(dataDirectory, copied, target, cancellationToken);
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                if (attempt == MostAttempts) throw new InvalidOperationException($"Files were deleted while they were copied, {MostAttempts} times. Try again later.");
            }
        }
    }

    private static FileCopies CopyNamed(string dataDirectory, string copied, string target, CancellationToken cancellationToken)
    {
        var (copies, from, to) = (new FileCopies(), new DataFolders(dataDirectory), new DataFolders(target));
        foreach (var hash in DatabaseCopy.References(copied, "blobs/"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            copies.Copy(from.Blob(hash), to.Blob(hash));
        }
        foreach (var folder in DatabaseCopy.References(copied, "folders/"))
        {
            if (!Directory.Exists(from.Folder(folder))) throw new DirectoryNotFoundException();
            copies.CopyTree(from.Folder(folder), to.Folder(folder));
        }
        return copies;
    }
}
