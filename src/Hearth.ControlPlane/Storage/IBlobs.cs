namespace Hearth.ControlPlane;

/// <summary>Bytes named by their SHA-256 (rule R9). A blob counts only while a row names it.</summary>
public interface IBlobs
{
    /// <summary>A place for bytes that nobody sees until <see cref="BlobDraft.PublishAsync"/>.</summary>
    BlobDraft Begin();

    /// <summary>Path of a published blob on this node.</summary>
    string PathOf(string sha256);

    void Delete(string sha256);

    /// <summary>Bytes that the disk below still takes.</summary>
    long FreeBytes { get; }

    /// <summary>Published blobs and folders that were written before <paramref name="time"/>; folders by name, with <c>IsFolder</c> set.</summary>
    IReadOnlyList<(string Name, bool IsFolder)> WrittenBefore(DateTimeOffset time);

    /// <summary>Path of a published folder on this node.</summary>
    string FolderOf(string name);

    /// <summary>Copies a folder of files under <paramref name="name"/>, durably and all at once; does nothing where it is already there.</summary>
    ValueTask<string> PublishFolderAsync(string source, string name, CancellationToken cancellationToken);

    /// <summary>A folder of published blobs under names of their own, which nobody sees until it is published; the bytes are not copied where the disk allows it.</summary>
    ValueTask<FolderDraft> BeginFolderAsync(IReadOnlyList<(string FileName, string Sha256)> files, CancellationToken cancellationToken);

    /// <summary>Names of the files of a published folder, in ordinal order.</summary>
    IReadOnlyList<string> FilesOf(string name);

    void DeleteFolder(string name);

    /// <summary>Run folder of a job, created where it is missing.</summary>
    string RunFolder(string job);

    void DeleteRunFolder(string job);

    /// <summary>Jobs whose run folders were last written before <paramref name="time"/>, by resource name.</summary>
    IReadOnlyList<string> RunFoldersBefore(DateTimeOffset time);
}

/// <summary>A blob being written. Disposing an unpublished draft leaves nothing behind.</summary>
public abstract class BlobDraft : IAsyncDisposable
{
    /// <summary>Write here; the hash is taken on the way.</summary>
    public abstract Stream Content { get; }

    /// <summary>Flushes and opens what was written, for checks before it is published.</summary>
    public abstract Stream Read();

    /// <summary>Makes the bytes durable where they are, so that publishing them takes no time.</summary>
    public abstract ValueTask SyncAsync(CancellationToken cancellationToken);

    /// <summary>Makes the bytes durable under their hash and returns it: file synced, renamed, folder synced.</summary>
    public abstract ValueTask<string> PublishAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>A folder being made. Disposing an unpublished draft leaves nothing behind.</summary>
public abstract class FolderDraft : IAsyncDisposable
{
    /// <summary>Where the files are, for checks before they are published.</summary>
    public abstract string Path { get; }

    /// <summary>Makes the folder durable under <paramref name="name"/>, all at once; does nothing where it is already there. Returns its path.</summary>
    public abstract ValueTask<string> PublishAsync(string name, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
