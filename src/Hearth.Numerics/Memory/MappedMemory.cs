using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

/// <summary>A file mapped read-only into memory; every process that maps it shares the same pages.</summary>
/// <remarks>
/// A file that gets shorter while it is mapped ends the process (SIGBUS): map only files that are replaced and removed whole, never changed.
/// </remarks>
public sealed unsafe partial class MappedMemory : IDisposable
{
    private const int PopulateRead = 22; // MADV_POPULATE_READ, Linux 5.14
    private const int PageBytes = 4096;

    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _pointer;
    private bool _disposed;

    /// <summary>Maps a whole file.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public MappedMemory(string path)
    {
        FilePath = path;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        Bytes = stream.Length;
        if (Bytes == 0) return; // an empty file cannot be mapped; it has no bytes to ask for
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, Bytes, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += _view.PointerOffset;
    }

    /// <summary>Where the file lies.</summary>
    public string FilePath { get; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Part of the file. Valid until the mapping is disposed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public ReadOnlySpan<byte> Span(long offset, int length) => new(At(offset, length), length);

    /// <summary>Part of the file as float32 values, which must not be written to. <paramref name="offset"/> is in bytes and a multiple of 4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public FloatBuffer Floats(long offset, int length) => new((float*)At(offset, sizeof(float) * (long)length), length);

    /// <summary>Reads every page now, so that no later access waits for a fault. True where the system did it in one call.</summary>
    public bool Populate()
    {
        if (Bytes == 0) return true;
        byte* start = At(0, Bytes);
        if (OperatingSystem.IsLinux() && Madvise(start, (nuint)Bytes, PopulateRead) == 0) return true;
        byte sum = 0;
        for (long offset = 0; offset < Bytes; offset += PageBytes) sum ^= Volatile.Read(ref start[offset]);
        GC.KeepAlive(this);
        return false;
    }

    /// <summary>Releases the mapping.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        if (_view is null) return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map!.Dispose();
    }

    internal byte* At(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || length < 0 || offset > Bytes - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{Path.GetFileName(FilePath)}: bytes {offset}..+{length} are not inside the file of {Bytes} bytes.");
        return _pointer + offset;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);
}
