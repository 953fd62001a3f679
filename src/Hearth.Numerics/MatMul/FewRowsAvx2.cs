using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Two panels by one or two rows, 8 outputs a register.</summary>
internal static unsafe class FewRowsAvx2
{
    /// <summary>results: 64 outputs of row x0, then of row x1 unless that is null.</summary>
    public static void Compute(WeightType type, byte* first, byte* second, float* x0, float* x1, int inputs, float* results)
    {
        switch (type)
        {
            case WeightType.F32: Compute<F32Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.BF16: Compute<BF16Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.F16: Compute<F16Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.Q8_0: Compute<Q8Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.Q4_0: Compute<Q40Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.Q4_1: Compute<Q41Row>(first, second, x0, x1, inputs, results); break;
            case WeightType.Q4_K: Compute<Q4KRow>(first, second, x0, x1, inputs, results); break;
            case WeightType.Q6_K: Compute<Q6KRow>(first, second, x0, x1, inputs, results); break;
        }
    }

    private static void Compute<TRow>(byte* first, byte* second, float* x0, float* x1, int inputs, float* results) where TRow : struct, IPanelRow
    {
        new Span<float>(results, x1 == null ? 64 : 128).Clear();
        int run = Math.Min(TRow.Run, inputs);
        float* scales = stackalloc float[BlockScales.Scratch];
        for (int k = 0; k < inputs; k += run)
        {
            byte* a = TRow.Seek(first, k, scales, k == 0);
            byte* b = TRow.Seek(second, k, scales + 64, k == 0);
            if (x1 == null)
            {
                OneRow<TRow>(a, b, scales, x0 + k, run, results);
            }
            else
            {
                TwoRows<TRow>(a, scales, x0 + k, x1 + k, run, results);
                TwoRows<TRow>(b, scales + 64, x0 + k, x1 + k, run, results + 32);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TRow>(byte* first, byte* second, float* scales, float* x, int length, float* y) where TRow : struct, IPanelRow
    {
        var a0 = Avx.LoadVector256(y);
        var a1 = Avx.LoadVector256(y + 8);
        var a2 = Avx.LoadVector256(y + 16);
        var a3 = Avx.LoadVector256(y + 24);
        var b0 = Avx.LoadVector256(y + 32);
        var b1 = Avx.LoadVector256(y + 40);
        var b2 = Avx.LoadVector256(y + 48);
        var b3 = Avx.LoadVector256(y + 56);
        for (float* end = x + length; x < end; x++, first += TRow.RowBytes, second += TRow.RowBytes)
        {
            var value = Avx.BroadcastScalarToVector256(x);
            a0 = Fma.MultiplyAdd(value, TRow.At256(first, scales, 0), a0);
            a1 = Fma.MultiplyAdd(value, TRow.At256(first, scales, 1), a1);
            a2 = Fma.MultiplyAdd(value, TRow.At256(first, scales, 2), a2);
            a3 = Fma.MultiplyAdd(value, TRow.At256(first, scales, 3), a3);
            b0 = Fma.MultiplyAdd(value, TRow.At256(second, scales + 64, 0), b0);
            b1 = Fma.MultiplyAdd(value, TRow.At256(second, scales + 64, 1), b1);
            b2 = Fma.MultiplyAdd(value, TRow.At256(second, scales + 64, 2), b2);
            b3 = Fma.MultiplyAdd(value, TRow.At256(second, scales + 64, 3), b3);
        }
        Avx.Store(y, a0);
        Avx.Store(y + 8, a1);
        Avx.Store(y + 16, a2);
        Avx.Store(y + 24, a3);
        Avx.Store(y + 32, b0);
        Avx.Store(y + 40, b1);
        Avx.Store(y + 48, b2);
        Avx.Store(y + 56, b3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoRows<TRow>(byte* panel, float* scales, float* x0, float* x1, int length, float* y) where TRow : struct, IPanelRow
    {
        var a0 = Avx.LoadVector256(y);
        var a1 = Avx.LoadVector256(y + 8);
        var a2 = Avx.LoadVector256(y + 16);
        var a3 = Avx.LoadVector256(y + 24);
        var b0 = Avx.LoadVector256(y + 64);
        var b1 = Avx.LoadVector256(y + 72);
        var b2 = Avx.LoadVector256(y + 80);
        var b3 = Avx.LoadVector256(y + 88);
        for (float* end = x0 + length; x0 < end; x0++, x1++, panel += TRow.RowBytes)
        {
            var value0 = Avx.BroadcastScalarToVector256(x0);
            var value1 = Avx.BroadcastScalarToVector256(x1);
            var w = TRow.At256(panel, scales, 0);
            a0 = Fma.MultiplyAdd(value0, w, a0);
            b0 = Fma.MultiplyAdd(value1, w, b0);
            w = TRow.At256(panel, scales, 1);
            a1 = Fma.MultiplyAdd(value0, w, a1);
            b1 = Fma.MultiplyAdd(value1, w, b1);
            w = TRow.At256(panel, scales, 2);
            a2 = Fma.MultiplyAdd(value0, w, a2);
            b2 = Fma.MultiplyAdd(value1, w, b2);
            w = TRow.At256(panel, scales, 3);
            a3 = Fma.MultiplyAdd(value0, w, a3);
            b3 = Fma.MultiplyAdd(value1, w, b3);
        }
        Avx.Store(y, a0);
        Avx.Store(y + 8, a1);
        Avx.Store(y + 16, a2);
        Avx.Store(y + 24, a3);
        Avx.Store(y + 64, b0);
        Avx.Store(y + 72, b1);
        Avx.Store(y + 80, b2);
        Avx.Store(y + 88, b3);
    }
}
