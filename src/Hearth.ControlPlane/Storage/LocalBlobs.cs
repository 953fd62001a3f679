using System.Security.Cryptography;

namespace Hearth.ControlPlane;

/// <summary>Blobs, published folders and run folders below the data directory: <c>tmp/ blobs/ab/… models/ runs/</c>.</summary>
public sealed class LocalBlobs : IBlobs
{
    private const int RunDepth = 2; // runs/account/kind/id

    private readonly string _root;

    /// <summary>Opens the folder and clears what an earlier process left half-written.</summary>
    public LocalBlobs(string root)
    {
        _root = Path.GetFullPath(root);
        foreach (var folder in new[] { "tmp", "blobs", "models", "runs" }) Directory.CreateDirectory(Path.Combine(_root, folder));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_root, "tmp"))) File.Delete(file);
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(_root, "tmp"))) Directory.Delete(folder, recursive: true);
    }

    public BlobDraft Begin() => new Draft(this, Temporary());

    public string PathOf(string sha256) => new DataFolders(_root).Blob(sha256);

    public void Delete(string sha256) => File.Delete(PathOf(sha256));

    public long FreeBytes => new DriveInfo(_root).AvailableFreeSpace;

    public IReadOnlyList<(string Name, bool IsFolder)> WrittenBefore(DateTimeOffset time) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(_root, "blobs"), "*", SearchOption.AllDirectories)
            .Where(file => File.GetLastWriteTimeUtc(file) < time.UtcDateTime).Select(file => (Path.GetFileName(file), false)),
        .. Directory.EnumerateDirectories(Path.Combine(_root, "models"))
            .Where(folder => Directory.GetLastWriteTimeUtc(folder) < time.UtcDateTime).Select(folder => (Path.GetFileName(folder), true)),
    ];

    public string FolderOf(string name) => new DataFolders(_root).Folder(name);

    public async ValueTask<string> PublishFolderAsync(string source, string name, CancellationToken cancellationToken)
    {
        await using var draft = new LocalFolderDraft(Temporary(), Path.Combine(_root, "models"));
        if (!Directory.Exists(FolderOf(name)))
            foreach (var file in Directory.EnumerateFiles(source)) await draft.CopyAsync(file, Path.GetFileName(file), cancellationToken);
        return await draft.PublishAsync(name, cancellationToken);
    }

    public async ValueTask<FolderDraft> BeginFolderAsync(IReadOnlyList<(string FileName, string Sha256)> files, CancellationToken cancellationToken)
    {
        var draft = new LocalFolderDraft(Temporary(), Path.Combine(_root, "models"));
        try
        {
            foreach (var (file, blob) in files)
                if (!HardLink.TryCreate(PathOf(blob), Path.Combine(draft.Path, file))) await draft.CopyAsync(PathOf(blob), file, cancellationToken);
            return draft;
        }
        catch
        {
            await draft.DisposeAsync();
            throw;
        }
    }

    public IReadOnlyList<string> FilesOf(string name) => [.. Directory.EnumerateFiles(FolderOf(name)).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    public void DeleteFolder(string name) => DeleteTree(FolderOf(name));

    public string RunFolder(string job) => Directory.CreateDirectory(RunPath(job)).FullName;

    public void DeleteRunFolder(string job) => DeleteTree(RunPath(job));

    public IReadOnlyList<string> RunFoldersBefore(DateTimeOffset time)
    {
        var runs = Path.Combine(_root, "runs");
        return [.. Directory.EnumerateDirectories(runs, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = RunDepth })
            .Where(folder => Directory.GetLastWriteTimeUtc(folder) < time.UtcDateTime)
            .Select(folder => Path.GetRelativePath(runs, folder).Split(Path.DirectorySeparatorChar)).Where(parts => parts.Length == RunDepth + 1)
            .Select(parts => ResourceName.Of(parts[0], parts[1], parts[2]).Value)];
    }

    private string RunPath(string job)
    {
        var name = ResourceName.Parse(job);
        return Path.Combine(_root, "runs", name.Account, name.Kind, name.Id);
    }

    private string Temporary() => Path.Combine(_root, "tmp", Guid.NewGuid().ToString("n"));

    private static void DeleteTree(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private sealed class Draft(LocalBlobs blobs, string path) : BlobDraft
    {
        private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, 1 << 16);
        private HashingStream? _content;

        public override Stream Content => _content ??= new HashingStream(_file);

        public override Stream Read()
        {
            _file.Flush();
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.SequentialScan);
        }

        public override async ValueTask SyncAsync(CancellationToken cancellationToken) =>
            await Task.Run(() => _file.Flush(flushToDisk: true), cancellationToken);

        public override ValueTask<string> PublishAsync(CancellationToken cancellationToken)
        {
            var hash = Convert.ToHexStringLower(((HashingStream)Content).Hash());
            var target = blobs.PathOf(hash);
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Move(path, target, overwrite: true);
            Durability.SyncFolder(Path.GetDirectoryName(target)!);
            Durability.SyncFolder(Path.Combine(blobs._root, "blobs"));
            CrashPoint.Reach(CrashPoint.BetweenRenameAndRow);
            return ValueTask.FromResult(hash);
        }

        public override async ValueTask DisposeAsync()
        {
            await _file.DisposeAsync();
            File.Delete(path);
        }
    }

    /// <summary>Writes through and hashes on the way.</summary>
    private sealed class HashingStream(Stream inner) : Stream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public byte[] Hash() => _hash.GetCurrentHash();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _hash.AppendData(buffer);
            inner.Write(buffer);
            CrashPoint.Reach(CrashPoint.MidUpload);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _hash.AppendData(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken);
            CrashPoint.Reach(CrashPoint.MidUpload);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => inner.Flush();
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => inner.Length;
        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
