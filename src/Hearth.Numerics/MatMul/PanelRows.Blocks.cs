using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

internal unsafe struct Q8Row : IPanelRow
{
    public static int RowBytes => 32;
    public static int Run => 32;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh)
    {
        byte* block = panel + (nint)(k / 32) * Widening.Q8BlockBytes;
        BlockScales.Widen(block, 32, scales);
        return block + 64;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) =>
        Avx.Multiply(Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)row + 8 * part)), Avx.LoadVector256(scales + 8 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) =>
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Sse2.LoadVector128((sbyte*)row + 16 * part))), Avx512F.LoadVector512(scales + 16 * part));
}

internal unsafe struct Q40Row : IPanelRow
{
    public static int RowBytes => 16;
    public static int Run => 32;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh)
    {
        byte* block = panel + (nint)(k / 32) * Widening.Q40BlockBytes;
        BlockScales.Widen(block, 32, scales);
        return block + 64;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) =>
        Avx.Multiply(Avx.ConvertToVector256Single(Avx2.Subtract(Codes256(row, part), Vector256.Create(8))), Avx.LoadVector256(scales + 8 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) =>
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Avx512F.Subtract(Codes512(row, part), Vector512.Create(8))), Avx512F.LoadVector512(scales + 16 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Codes256(byte* row, int part)
    {
        var both = Avx2.ConvertToVector256Int32(row + 8 * (part & 1));
        return part < 2 ? both & Vector256.Create(15) : Avx2.ShiftRightLogical(both, 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Codes512(byte* row, int part)
    {
        var both = Avx512F.ConvertToVector512Int32(Sse2.LoadVector128(row));
        return part == 0 ? both & Vector512.Create(15) : Avx512F.ShiftRightLogical(both, 4);
    }
}

internal unsafe struct Q41Row : IPanelRow
{
    public static int RowBytes => 16;
    public static int Run => 32;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh)
    {
        byte* block = panel + (nint)(k / 32) * Widening.Q41BlockBytes;
        BlockScales.Widen(block, 64, scales);
        return block + 128;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) => Avx.Add(
        Avx.Multiply(Avx.ConvertToVector256Single(Q40Row.Codes256(row, part)), Avx.LoadVector256(scales + 8 * part)),
        Avx.LoadVector256(scales + 32 + 8 * part));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) => Avx512F.Add(
        Avx512F.Multiply(Avx512F.ConvertToVector512Single(Q40Row.Codes512(row, part)), Avx512F.LoadVector512(scales + 16 * part)),
        Avx512F.LoadVector512(scales + 32 + 16 * part));
}

/// <summary>As Q4_1 once the scales are there: value = (d s) q - (dmin m), and x - y is x + (-y), bit for bit.</summary>
internal unsafe struct Q4KRow : IPanelRow
{
    public static int RowBytes => 16;
    public static int Run => 32;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh)
    {
        byte* block = panel + (nint)(k / 256) * Widening.Q4KBlockBytes;
        byte* part = block + Widening.Q4KHeadBytes + k % 256 / 32 * Widening.Q4KPartBytes;
        float* shared = scales + BlockScales.Shared;
        if (fresh || k % 256 == 0) BlockScales.Widen(block, 64, shared);
        for (int i = 0; i < 32; i += 8)
        {
            Avx.Store(scales + i, Avx.Multiply(Avx.LoadVector256(shared + i), Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(part + i))));
            var minimum = Avx.Multiply(Avx.LoadVector256(shared + 32 + i), Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(part + 32 + i)));
            Avx.Store(scales + 32 + i, Avx.Xor(minimum, Vector256.Create(-0f)));
        }
        return part + 64;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part) => Q41Row.At256(row, scales, part);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part) => Q41Row.At512(row, scales, part);
}

internal unsafe struct Q6KRow : IPanelRow
{
    public static int RowBytes => 24;
    public static int Run => 16;

    public static byte* Seek(byte* panel, int k, float* scales, bool fresh)
    {
        byte* block = panel + (nint)(k / 256) * Widening.Q6KBlockBytes;
        byte* part = block + Widening.Q6KHeadBytes + k % 256 / 16 * Widening.Q6KPartBytes;
        float* shared = scales + BlockScales.Shared;
        if (fresh || k % 256 == 0) BlockScales.Widen(block, 32, shared);
        for (int i = 0; i < 32; i += 8)
            Avx.Store(scales + i, Avx.Multiply(Avx.LoadVector256(shared + i), Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)part + i))));
        return part + 32;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> At256(byte* row, float* scales, int part)
    {
        // Byte i of the last eight: the upper two bits of outputs i, i + 8, i + 16, i + 24, from its lowest bits on.
        var four = Avx2.ConvertToVector256Int32(row + 16);
        var moved = part switch
        {
            0 => Avx2.ShiftLeftLogical(four, 4),
            1 => Avx2.ShiftLeftLogical(four, 2),
            2 => four,
            _ => Avx2.ShiftRightLogical(four, 2),
        };
        var codes = Q40Row.Codes256(row, part) | moved & Vector256.Create(0x30);
        return Avx.Multiply(Avx.ConvertToVector256Single(Avx2.Subtract(codes, Vector256.Create(32))), Avx.LoadVector256(scales + 8 * part));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> At512(byte* row, float* scales, int part)
    {
        // As bytes first: two groups of eight outputs, whose bits lie two apart; shifts of words, so bits of a neighbour are masked off.
        var low = Sse2.LoadVector128(row);
        if (part == 1) low = Sse2.ShiftRightLogical(low.AsUInt16(), 4).AsByte();
        var four = Vector128.CreateScalarUnsafe(*(ulong*)(row + 16)).AsUInt16();
        var high = part == 0
            ? Sse2.UnpackLow(Sse2.ShiftLeftLogical(four, 4).AsUInt64(), Sse2.ShiftLeftLogical(four, 2).AsUInt64())
            : Sse2.UnpackLow(four.AsUInt64(), Sse2.ShiftRightLogical(four, 2).AsUInt64());
        var codes = Sse2.Subtract(low & Vector128.Create((byte)15) | high.AsByte() & Vector128.Create((byte)0x30), Vector128.Create((byte)32));
        return Avx512F.Multiply(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(codes.AsSByte())), Avx512F.LoadVector512(scales + 16 * part));
    }
}

internal static unsafe class BlockScales
{
    /// <summary>From a panel's widened scales to what its block of several runs shares: two panels' scales lie before.</summary>
    public const int Shared = 2 * 64;

    /// <summary>Floats of scratch for two panels.</summary>
    public const int Scratch = Shared + 2 * 64;

    /// <summary>Widens float16 scales; <paramref name="count"/> is a multiple of 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* halves, int count, float* scales)
    {
        for (int i = 0; i < count; i += 8) Avx.Store(scales + i, F16Row.Widen(halves + 2 * i));
    }
}
