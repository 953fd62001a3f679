using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>destination[column * destinationStride + row] = source[row * sourceStride + column]. Moves values only, so it has no rounding to agree on.</summary>
    private static void Transpose(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)
    {
        int wholeRows = Avx.IsSupported ? rows & ~7 : 0, wholeColumns = columns & ~7;
        for (int row = 0; row < wholeRows; row += 8)
            for (int column = 0; column < wholeColumns; column += 8)
                TransposeEight(source + row * sourceStride + column, sourceStride, destination + column * destinationStride + row, destinationStride);
        for (int row = 0; row < rows; row++)
            for (int column = row < wholeRows ? wholeColumns : 0; column < columns; column++)
                destination[column * destinationStride + row] = source[row * sourceStride + column];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeEight(float* s, nint from, float* d, nint to)
    {
        Vector256<float> r0 = Avx.LoadVector256(s), r1 = Avx.LoadVector256(s + from), r2 = Avx.LoadVector256(s + 2 * from), r3 = Avx.LoadVector256(s + 3 * from);
        s += 4 * from;
        Vector256<float> r4 = Avx.LoadVector256(s), r5 = Avx.LoadVector256(s + from), r6 = Avx.LoadVector256(s + 2 * from), r7 = Avx.LoadVector256(s + 3 * from);
        Vector256<float> a = Avx.UnpackLow(r0, r1), b = Avx.UnpackHigh(r0, r1), c = Avx.UnpackLow(r2, r3), e = Avx.UnpackHigh(r2, r3);
        Vector256<float> f = Avx.UnpackLow(r4, r5), g = Avx.UnpackHigh(r4, r5), h = Avx.UnpackLow(r6, r7), i = Avx.UnpackHigh(r6, r7);
        // Each holds columns j and j + 4 of four rows.
        Vector256<float> top0 = Avx.Shuffle(a, c, 0x44), top1 = Avx.Shuffle(a, c, 0xee), top2 = Avx.Shuffle(b, e, 0x44), top3 = Avx.Shuffle(b, e, 0xee);
        Vector256<float> end0 = Avx.Shuffle(f, h, 0x44), end1 = Avx.Shuffle(f, h, 0xee), end2 = Avx.Shuffle(g, i, 0x44), end3 = Avx.Shuffle(g, i, 0xee);
        Avx.Store(d, Avx.Permute2x128(top0, end0, 0x20));
        Avx.Store(d + to, Avx.Permute2x128(top1, end1, 0x20));
        Avx.Store(d + 2 * to, Avx.Permute2x128(top2, end2, 0x20));
        Avx.Store(d + 3 * to, Avx.Permute2x128(top3, end3, 0x20));
        d += 4 * to;
        Avx.Store(d, Avx.Permute2x128(top0, end0, 0x31));
        Avx.Store(d + to, Avx.Permute2x128(top1, end1, 0x31));
        Avx.Store(d + 2 * to, Avx.Permute2x128(top2, end2, 0x31));
        Avx.Store(d + 3 * to, Avx.Permute2x128(top3, end3, 0x31));
    }
}
