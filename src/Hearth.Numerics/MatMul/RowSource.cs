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
        int k = vector ? InterleaveVector(source, stride, group, chain, target) : 0;
        for (; k < chain; k++)
        {
            for (int r = 0; r < group; r++) target[k * group + r] = source[r * stride + k];
        }
    }

    /// <summary>Returns how many chain elements are done: all but the last few.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int InterleaveVector(float* source, nint stride, int group, int chain, float* target)
    {
        int k = 0;
        for (; k + 8 <= chain; k += 8, source += 8, target += 8 * group)
        {
            int r = 0;
            if (group >= 8)
            {
                Transpose.Square8(source, stride, target, group);
                r = 8;
            }
            if (r + 4 <= group)
            {
                Transpose.Square4(source + r * stride, stride, target + r, group);
                Transpose.Square4(source + r * stride + 4, stride, target + 4 * group + r, group);
                r += 4;
            }
            if (r < group)
            {
                Transpose.Pair4(source + r * stride, stride, target + r, group);
                Transpose.Pair4(source + r * stride + 4, stride, target + 4 * group + r, group);
            }
        }
        return k;
    }
}
