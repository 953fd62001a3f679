using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>A run of whole numbers in native memory: row numbers and counts of a step. Copying the value copies the reference.</summary>
public readonly unsafe struct IntBuffer
{
    private readonly int* _pointer;

    internal IntBuffer(int* pointer, int length)
    {
        _pointer = pointer;
        Length = length;
    }

    /// <summary>Number of values.</summary>
    public int Length { get; }

    internal int* Pointer => _pointer;

    /// <summary>The values.</summary>
    public Span<int> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_pointer, Length);
    }

    /// <summary>The values.</summary>
    public static implicit operator Span<int>(IntBuffer buffer) => buffer.Span;

    /// <summary>The values.</summary>
    public static implicit operator ReadOnlySpan<int>(IntBuffer buffer) => buffer.Span;
}
