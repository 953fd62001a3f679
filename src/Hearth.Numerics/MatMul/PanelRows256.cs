using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>How one storage type's panel rows become float32 vectors of 8 outputs; the values are those of <see cref="Widening.Read"/>.</summary>
internal unsafe interface IPanelRow256
{
    /// <summary>Bytes of 32 outputs at one k.</summary>
    static abstract int RowBytes { get; }

    /// <summary>Bytes of scales before every 32 rows; 0 for plain types.</summary>
    static abstract int ScaleBytes { get; }

    /// <summary>Outputs 8 <paramref name="part"/> .. + 7 of a row. <paramref name="scales"/>: 32 scales, then 32 minima, widened.</summary>
    static abstract Vector256<float> At(byte* row, float* scales, int part);
}

internal unsafe struct F32Row256 : IPanelRow256
{
    public static int RowBytes => 128;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part) => Avx.LoadVector256((float*)row + 8 * part);
}

internal unsafe struct BF16Row256 : IPanelRow256
{
    public static int RowBytes => 64;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part)
    {
        var words = Avx.LoadVector256((uint*)row + 8 * (part & 1));
        return (part < 2 ? Avx2.ShiftLeftLogical(words, 16) : Avx2.And(words, Vector256.Create(0xFFFF0000u))).AsSingle();
    }
}

internal unsafe struct F16Row256 : IPanelRow256
{
    public static int RowBytes => 64;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part) => Widen(row + 16 * part);

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

internal unsafe struct Q8Row256 : IPanelRow256
{
    public static int RowBytes => 32;
    public static int ScaleBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part) =>
        Avx.Multiply(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)row + 8 * part)), Avx.LoadVector256(scales + 8 * part));
}

internal unsafe struct Q40Row256 : IPanelRow256
{
    public static int RowBytes => 16;
    public static int ScaleBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part) =>
        Avx.Multiply(Avx.ConvertToVector256Single(Avx2.Subtract(Codes(row, part), Vector256.Create(8))), Avx.LoadVector256(scales + 8 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Codes(byte* row, int part)
    {
        var both = Avx2.ConvertToVector256Int32(row + 8 * (part & 1));
        return part < 2 ? both & Vector256.Create(15) : Avx2.ShiftRightLogical(both, 4);
    }
}

internal unsafe struct Q41Row256 : IPanelRow256
{
    public static int RowBytes => 16;
    public static int ScaleBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At(byte* row, float* scales, int part) => Avx.Add(
        Avx.Multiply(Avx.ConvertToVector256Single(Q40Row256.Codes(row, part)), Avx.LoadVector256(scales + 8 * part)),
        Avx.LoadVector256(scales + 32 + 8 * part));
}
