using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// A product's left-hand side, row-major [rows, chain] or, for weight gradients, [chain, rows]. Packing interleaves a group of rows:
/// [chain][group], rows past the end as zeros.
/// </summary>
internal readonly unsafe struct RowSource(float* data, nint stride, bool transposed)
{
    /// <summary>The same values from row <paramref name="row"/> and chain element <paramref name="element"/> on.</summary>
    public RowSource From(int row, int element) =>
        new(data + (transposed ? element * stride + row : row * stride + element), stride, transposed);

    /// <summary>Packs rows <paramref name="first"/>.. into a group of <paramref name="group"/>, of which <paramref name="valid"/> exist.</summary>
    public void Pack(int first, int group, int valid, int chain, float* target, bool vector)
    {
        if (valid < group) PackPadded(first, group, valid, chain, target);
        else if (transposed) CopyGroup(data + first, stride, group, chain, target, vector);
        else Interleave(data + first * stride, stride, group, chain, target, vector);
    }

    private void PackPadded(int first, int group, int valid, int chain, float* target)
    {
        nint rowStep = transposed ? 1 : stride;
        nint chainStep = transposed ? stride : 1;
        for (int r = 0; r < group; r++)
        {
            float* source = data + (first + r) * rowStep;
            for (int k = 0; k < chain; k++) target[k * group + r] = r < valid ? source[k * chainStep] : 0f;
        }
    }

    private static void CopyGroup(float* source, nint stride, int group, int chain, float* target, bool vector)
    {
        if (vector) CopyGroupVector(source, stride, group, chain, target);
        else for (int k = 0; k < chain; k++, source += stride, target += group) new ReadOnlySpan<float>(source, group).CopyTo(new Span<float>(target, group));
    }

    // Groups are even: 12, 8, 6, 4 or 2 rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyGroupVector(float* source, nint stride, int group, int chain, float* target)
    {
        for (int k = 0; k < chain; k++, source += stride, target += group)
        {
            int r = 0;
            for (; r + 4 <= group; r += 4) Sse.Store(target + r, Sse.LoadVector128(source + r));
            if (r < group) *(long*)(target + r) = *(long*)(source + r);
        }
    }

    private static void Interleave(float* source, nint stride, int group, int chain, float* target, bool vector)
    {
        int r = 0;
        if (vector)
        {
            for (; r + 4 <= group; r += 4) InterleaveQuad(source + r * stride, stride, group, chain, target + r);
        }
        for (; r + 2 <= group; r += 2) InterleavePair(source + r * stride, stride, group, chain, target + r, vector);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InterleaveQuad(float* a, nint stride, nint group, int chain, float* target)
    {
        float* b = a + stride;
        float* c = b + stride;
        float* d = c + stride;
        int k = 0;
        for (; k + 4 <= chain; k += 4, target += 4 * group)
        {
            var va = Sse.LoadVector128(a + k);
            var vb = Sse.LoadVector128(b + k);
            var vc = Sse.LoadVector128(c + k);
            var vd = Sse.LoadVector128(d + k);
            var ab = Sse.UnpackLow(va, vb);
            var cd = Sse.UnpackLow(vc, vd);
            Sse.Store(target, Sse.MoveLowToHigh(ab, cd));
            Sse.Store(target + group, Sse.MoveHighToLow(cd, ab));
            ab = Sse.UnpackHigh(va, vb);
            cd = Sse.UnpackHigh(vc, vd);
            Sse.Store(target + 2 * group, Sse.MoveLowToHigh(ab, cd));
            Sse.Store(target + 3 * group, Sse.MoveHighToLow(cd, ab));
        }
        for (; k < chain; k++, target += group) (target[0], target[1], target[2], target[3]) = (a[k], b[k], c[k], d[k]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void InterleavePair(float* a, nint stride, nint group, int chain, float* target, bool vector)
    {
        int k = 0;
        for (; vector && k + 4 <= chain; k += 4, target += 4 * group) Transpose.Pair4(a + k, stride, target, group);
        for (; k < chain; k++, target += group) (target[0], target[1]) = (a[k], a[stride + k]);
    }
}
