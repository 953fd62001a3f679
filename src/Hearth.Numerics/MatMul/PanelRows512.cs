using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary><see cref="IPanelRow256"/> by 16 outputs.</summary>
internal unsafe interface IPanelRow512
{
    /// <summary>Bytes of 32 outputs at one k.</summary>
    static abstract int RowBytes { get; }

    /// <summary>Bytes of scales before every 32 rows; 0 for plain types.</summary>
    static abstract int ScaleBytes { get; }

    /// <summary>Outputs 16 <paramref name="part"/> .. + 15 of a row. <paramref name="scales"/>: 32 scales, then 32 minima, widened.</summary>
    static abstract Vector512<float> At(byte* row, float* scales, int part);
}

internal unsafe struct F32Row512 : IPanelRow512
{
    public static int RowBytes => 128;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part) => Avx512F.LoadVector512((float*)row + 16 * part);
}

internal unsafe struct BF16Row512 : IPanelRow512
{
    public static int RowBytes => 64;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part)
    {
        var words = Avx512F.LoadVector512((uint*)row);
        return (part == 0 ? Avx512F.ShiftLeftLogical(words, 16) : Avx512F.And(words, Vector512.Create(0xFFFF0000u))).AsSingle();
    }
}

internal unsafe struct F16Row512 : IPanelRow512
{
    public static int RowBytes => 64;
    public static int ScaleBytes => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part) =>
        Vector512.Create(F16Row256.Widen(row + 32 * part), F16Row256.Widen(row + 32 * part + 16));
}

internal unsafe struct Q8Row512 : IPanelRow512
{
    public static int RowBytes => 32;
    public static int ScaleBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part) =>
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Sse2.LoadVector128((sbyte*)row + 16 * part))), Avx512F.LoadVector512(scales + 16 * part));
}

internal unsafe struct Q40Row512 : IPanelRow512
{
    public static int RowBytes => 16;
    public static int ScaleBytes => 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part) =>
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Avx512F.Subtract(Codes(row, part), Vector512.Create(8))), Avx512F.LoadVector512(scales + 16 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Codes(byte* row, int part)
    {
        var both = Avx512F.ConvertToVector512Int32(Sse2.LoadVector128(row));
        return part == 0 ? both & Vector512.Create(15) : Avx512F.ShiftRightLogical(both, 4);
    }
}

internal unsafe struct Q41Row512 : IPanelRow512
{
    public static int RowBytes => 16;
    public static int ScaleBytes => 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At(byte* row, float* scales, int part) => Avx512F.Add(
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Q40Row512.Codes(row, part)), Avx512F.LoadVector512(scales + 16 * part)),
        Avx512F.LoadVector512(scales + 32 + 16 * part));
}
