using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>A checkpoint's file, mapped read-only.</summary>
public sealed class MappedFile : IDisposable
{
    private readonly MappedMemory _memory;

    /// <summary>Maps a whole file.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public MappedFile(string path) => _memory = new MappedMemory(path);

    /// <summary>Where the file lies.</summary>
    public string FilePath => _memory.FilePath;

    /// <summary>Name of the file without its folder; what messages say.</summary>
    public string Name => Path.GetFileName(FilePath);

    /// <summary>Size in bytes.</summary>
    public long Length => _memory.Bytes;

    /// <summary>Part of the file. Valid until the mapping is disposed.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public ReadOnlySpan<byte> Span(long offset, int length) => _memory.Span(offset, length);

    /// <summary>Releases the mapping.</summary>
    public void Dispose() => _memory.Dispose();
}
