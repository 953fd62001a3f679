namespace Hearth.ControlPlane;

/// <summary>A folder below <c>tmp/</c> that becomes one of the model store by a rename.</summary>
internal sealed class LocalFolderDraft : FolderDraft
{
    private readonly string _store;

    public LocalFolderDraft(string temporary, string store)
    {
        (Path, _store) = (temporary, store);
        Directory.CreateDirectory(temporary);
    }

    public override string Path { get; }

    public async Task CopyAsync(string source, string fileName, CancellationToken cancellationToken)
    {
        await using var from = File.OpenRead(source);
        await using var to = File.Create(System.IO.Path.Combine(Path, fileName));
        await from.CopyToAsync(to, cancellationToken);
        to.Flush(flushToDisk: true);
    }

    public override ValueTask<string> PublishAsync(string name, CancellationToken cancellationToken)
    {
        var target = System.IO.Path.Combine(_store, name);
        if (Directory.Exists(target)) return new(target);
        Durability.SyncFolder(Path);
        Directory.Move(Path, target);
        Durability.SyncFolder(_store);
        CrashPoint.Reach(CrashPoint.BetweenRenameAndRow);
        return new(target);
    }

    public override ValueTask DisposeAsync()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
        return default;
    }
}
