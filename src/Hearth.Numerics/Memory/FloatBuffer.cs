using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

/// <summary>A run of float32 values in native memory. Copying the value copies the reference; the owner decides the lifetime.</summary>
public readonly unsafe struct FloatBuffer
{
    private readonly float* _pointer;

    internal FloatBuffer(float* pointer, int length)
    {
        _pointer = pointer;
        Length = length;
    }

    /// <summary>Number of values.</summary>
    public int Length { get; }

    /// <summary>True for the default value.</summary>
    public bool IsEmpty => Length == 0;

    internal float* Pointer => _pointer;

    /// <summary>The values.</summary>
    public Span<float> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_pointer, Length);
    }

    /// <summary>Part of the run.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside the run.</exception>
    public FloatBuffer Slice(int start, int length)
    {
        if ((uint)start > (uint)Length || (uint)length > (uint)(Length - start))
            throw new ArgumentOutOfRangeException(nameof(start), $"FloatBuffer.Slice: [{start}, {start}+{length}) is not inside 0..{Length}.");
        return new(_pointer + start, length);
    }

    /// <summary>The same memory as whole numbers.</summary>
    internal IntBuffer AsIntegers() => new((int*)_pointer, Length);

    /// <summary>The values.</summary>
    public static implicit operator Span<float>(FloatBuffer buffer) => buffer.Span;

    /// <summary>The values.</summary>
    public static implicit operator ReadOnlySpan<float>(FloatBuffer buffer) => buffer.Span;
}

/// <summary>Owns 64-byte aligned native memory.</summary>
public sealed unsafe class NativeBlock : IDisposable
{
    private void* _pointer;

    /// <summary>Allocates, and zeroes unless told otherwise: what is not touched takes no memory, which matters where a large block fills slowly.</summary>
    public NativeBlock(long bytes, bool zeroed = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Bytes = bytes;
        // Huge pages help matrices that are read whole: align to 2 MiB where the block is that large, and ask for them.
        nuint alignment = bytes >= HugePages.Size ? (nuint)HugePages.Size : 64;
        _pointer = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 64), alignment);
        if (bytes >= HugePages.Size) HugePages.Advise(_pointer, bytes);
        if (zeroed) NativeMemory.Clear(_pointer, (nuint)bytes);
    }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Start of the block.</summary>
    /// <exception cref="ObjectDisposedException">The block was freed.</exception>
    public void* Pointer => _pointer != null ? _pointer : throw new ObjectDisposedException(nameof(NativeBlock));

    /// <summary>A view of float32 values, starting <paramref name="offset"/> floats into the block.</summary>
    public FloatBuffer Floats(long offset, int length)
    {
        if (offset < 0 || length < 0 || (offset + length) * sizeof(float) > Bytes)
            throw new ArgumentOutOfRangeException(nameof(length), $"NativeBlock.Floats: [{offset}, {offset}+{length}) is not inside {Bytes / sizeof(float)} floats.");
        return new((float*)Pointer + offset, length);
    }

    /// <summary>A new block of <paramref name="length"/> zeros and its view.</summary>
    public static NativeBlock ForFloats(long length, out FloatBuffer view)
    {
        var block = new NativeBlock(checked(length * sizeof(float)));
        view = block.Floats(0, checked((int)length));
        return block;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory of a forgotten block.</summary>
    ~NativeBlock() => Free();

    private void Free()
    {
        var pointer = _pointer;
        _pointer = null;
        if (pointer != null) NativeMemory.AlignedFree(pointer);
    }
}

internal static unsafe partial class HugePages
{
    public const long Size = 2 << 20;
    private const int MadviseHugePage = 14;

    /// <summary>Asks for transparent huge pages; a refusal changes speed only, so it is ignored.</summary>
    public static void Advise(void* pointer, long bytes)
    {
        if (OperatingSystem.IsLinux()) _ = Madvise(pointer, (nuint)bytes, MadviseHugePage);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Madvise(void* address, nuint length, int advice);
}
