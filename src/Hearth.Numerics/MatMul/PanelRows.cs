using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>How one storage type's panel rows become float32 vectors; the values are those of <see cref="Widening.Read"/>.</summary>
internal unsafe interface IPanelRow
{
    /// <summary>Bytes of 32 outputs at one k.</summary>
    static abstract int RowBytes { get; }

    /// <summary>Rows that share scales; <see cref="int.MaxValue"/> for plain types.</summary>
    static abstract int Run { get; }

    /// <summary>The row at <paramref name="k"/>, the first of a run, whose 32 scales (and 32 summands after them) are widened into <paramref name="scales"/>.</summary>
    /// <remarks>What a block of several runs shares is kept <see cref="BlockScales.Shared"/> floats further on; <paramref name="fresh"/>: it is not there yet.</remarks>
    static abstract byte* Seek(byte* panel, int k, float* scales, bool fresh);

    /// <summary>Outputs 8 <paramref name="part"/> .. + 7 of a row.</summary>
    static abstract Vector256<float> At256(byte* row, float* scales, int part);

    /// <summary>Outputs 16 <paramref name="part"/> .. + 15 of a row.</summary>
    static abstract Vector512<float> At512(byte* row, float* scales, int part);
}

internal unsafe struct F32Row : IPanelRow
{
    public static int RowBytes => 128;
    public static int Run => int.MaxValue;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh) => panel + (nint)k * RowBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) => Avx.LoadVector256((float*)row + 8 * part);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) => Avx512F.LoadVector512((float*)row + 16 * part);
}

internal unsafe struct BF16Row : IPanelRow
{
    public static int RowBytes => 64;
    public static int Run => int.MaxValue;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh) => panel + (nint)k * RowBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part)
    {
        var words = Avx.LoadVector256((uint*)row + 8 * (part & 1));
        return (part < 2 ? Avx2.ShiftLeftLogical(words, 16) : Avx2.And(words, Vector256.Create(0xFFFF0000u))).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part)
    {
        var words = Avx512F.LoadVector512((uint*)row);
        return (part == 0 ? Avx512F.ShiftLeftLogical(words, 16) : Avx512F.And(words, Vector512.Create(0xFFFF0000u))).AsSingle();
    }
}

internal unsafe struct F16Row : IPanelRow
{
    public static int RowBytes => 64;
    public static int Run => int.MaxValue;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh) => panel + (nint)k * RowBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) => Widen(row + 16 * part);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) =>
        Vector512.Create(Widen(row + 32 * part), Widen(row + 32 * part + 16));

    /// <summary>Eight binary16 values to float32; see <see cref="Widening.FromFloat16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Widen(byte* source)
    {
        var bits = Avx2.ConvertToVector256Int32((ushort*)source);
        var sign = Avx2.ShiftLeftLogical(bits & Vector256.Create(0x8000), 16);
        var magnitude = Avx2.ShiftLeftLogical(bits & Vector256.Create(0x7FFF), 13);
        var scaled = Avx.Multiply(magnitude.AsSingle(), Vector256.Create(5.192296858534828e33f)).AsInt32();
        var top = Vector256.Create(0x7C00);
        var special = Avx2.CompareEqual(bits & top, top);
        var wide = Avx2.BlendVariable(scaled, magnitude | Vector256.Create(0x7F800000), special);
        return (wide | sign).AsSingle();
    }
}
