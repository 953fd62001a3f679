using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;

namespace Hearth.Server;

/// <summary>Makes a data directory of a backup. Every blob is compared with its name; the database comes last, so that no server starts on half a restore.</summary>
public static class Restore
{
    /// <exception cref="InvalidOperationException">It is no backup, it is damaged or newer than this program, or the target is not empty.</exception>
    public static BackupManifest Run(string backup, string dataDirectory, CancellationToken cancellationToken)
    {
        dataDirectory = Path.GetFullPath(dataDirectory);
        var manifest = BackupManifest.Read(backup);
        if (manifest.Schema > DatabaseCopy.NewestSchema)
            throw new InvalidOperationException($"The backup has schema {manifest.Schema}, this program knows up to {DatabaseCopy.NewestSchema}. Use the version of Hearth that made it, or a newer one.");
        if (!FileCopies.IsEmpty(dataDirectory)) throw new InvalidOperationException($"{dataDirectory} is not empty. Restore to a new folder; nothing is overwritten.");
        Directory.CreateDirectory(dataDirectory);
        var draft = Path.Combine(dataDirectory, "restoring.db"); // the backup itself may lie on a medium that nobody writes to
        new FileCopies().Copy(Path.Combine(backup, BackupManifest.Database), draft);
        CopyNamed(draft, new DataFolders(backup), new DataFolders(dataDirectory), cancellationToken);
        new FileCopies().CopyTree(Path.Combine(backup, BackupManifest.Runs), Path.Combine(dataDirectory, BackupManifest.Runs));
        DatabaseCopy.Relocate(draft, manifest.DataDirectory, dataDirectory);
        DatabaseCopy.Take(draft, Path.Combine(dataDirectory, BackupManifest.Database));
        foreach (var file in Directory.EnumerateFiles(dataDirectory, "restoring.db*")) File.Delete(file);
        FileCopies.SyncFolders(dataDirectory);
        return manifest;
    }

    private static void CopyNamed(string database, DataFolders from, DataFolders to, CancellationToken cancellationToken)
    {
        var copies = new FileCopies();
        foreach (var hash in DatabaseCopy.References(database, "blobs/"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!File.Exists(from.Blob(hash))) throw new InvalidOperationException($"The backup is damaged: it has no blob {hash}.");
            copies.Copy(from.Blob(hash), to.Blob(hash));
            if (FileCopies.Hash(to.Blob(hash)) != hash) throw new InvalidOperationException($"The backup is damaged: blob {hash} has other bytes than its name says.");
        }
        foreach (var folder in DatabaseCopy.References(database, "folders/"))
        {
            if (!Directory.Exists(from.Folder(folder))) throw new InvalidOperationException($"The backup is damaged: it has no folder {folder}.");
            copies.CopyTree(from.Folder(folder), to.Folder(folder));
        }
    }
}
