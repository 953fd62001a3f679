using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Small transpositions in registers.</summary>
internal static unsafe class Transpose
{
    /// <summary>target[c][r] = rows[r][c] for 8 x 8 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Square8(float* rows, nint stride, float* target, nint targetStride)
    {
        var r0 = Avx.LoadVector256(rows);
        var r1 = Avx.LoadVector256(rows + stride);
        var r2 = Avx.LoadVector256(rows + 2 * stride);
        var r3 = Avx.LoadVector256(rows + 3 * stride);
        rows += 4 * stride;
        var r4 = Avx.LoadVector256(rows);
        var r5 = Avx.LoadVector256(rows + stride);
        var r6 = Avx.LoadVector256(rows + 2 * stride);
        var r7 = Avx.LoadVector256(rows + 3 * stride);
        var a0 = Avx.UnpackLow(r0, r1);
        var a1 = Avx.UnpackHigh(r0, r1);
        var a2 = Avx.UnpackLow(r2, r3);
        var a3 = Avx.UnpackHigh(r2, r3);
        var a4 = Avx.UnpackLow(r4, r5);
        var a5 = Avx.UnpackHigh(r4, r5);
        var a6 = Avx.UnpackLow(r6, r7);
        var a7 = Avx.UnpackHigh(r6, r7);
        var b0 = Avx.Shuffle(a0, a2, 0x44);
        var b1 = Avx.Shuffle(a0, a2, 0xEE);
        var b2 = Avx.Shuffle(a1, a3, 0x44);
        var b3 = Avx.Shuffle(a1, a3, 0xEE);
        var b4 = Avx.Shuffle(a4, a6, 0x44);
        var b5 = Avx.Shuffle(a4, a6, 0xEE);
        var b6 = Avx.Shuffle(a5, a7, 0x44);
        var b7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Store(target, Avx.Permute2x128(b0, b4, 0x20));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b1, b5, 0x20));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b2, b6, 0x20));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b3, b7, 0x20));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b0, b4, 0x31));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b1, b5, 0x31));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b2, b6, 0x31));
        target += targetStride;
        Avx.Store(target, Avx.Permute2x128(b3, b7, 0x31));
    }

    /// <summary>target[c][r] = rows[r][c] for 4 rows of 4 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Square4(float* rows, nint stride, float* target, nint targetStride)
    {
        var a = Sse.LoadVector128(rows);
        var b = Sse.LoadVector128(rows + stride);
        var c = Sse.LoadVector128(rows + 2 * stride);
        var d = Sse.LoadVector128(rows + 3 * stride);
        var ab = Sse.UnpackLow(a, b);
        var cd = Sse.UnpackLow(c, d);
        Sse.Store(target, Sse.MoveLowToHigh(ab, cd));
        Sse.Store(target + targetStride, Sse.MoveHighToLow(cd, ab));
        ab = Sse.UnpackHigh(a, b);
        cd = Sse.UnpackHigh(c, d);
        Sse.Store(target + 2 * targetStride, Sse.MoveLowToHigh(ab, cd));
        Sse.Store(target + 3 * targetStride, Sse.MoveHighToLow(cd, ab));
    }

    /// <summary>target[c][r] = rows[r][c] for 2 rows of 4 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pair4(float* rows, nint stride, float* target, nint targetStride)
    {
        var a = Sse.LoadVector128(rows);
        var b = Sse.LoadVector128(rows + stride);
        var low = Sse.UnpackLow(a, b).AsDouble();
        var high = Sse.UnpackHigh(a, b).AsDouble();
        Sse2.StoreLow((double*)target, low);
        Sse2.StoreHigh((double*)(target + targetStride), low);
        Sse2.StoreLow((double*)(target + 2 * targetStride), high);
        Sse2.StoreHigh((double*)(target + 3 * targetStride), high);
    }
}
