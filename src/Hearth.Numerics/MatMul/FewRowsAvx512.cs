using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Two panels by one or two rows, 16 outputs a register.</summary>
internal static unsafe class FewRowsAvx512
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
            if (x1 == null) OneRow<TRow>(a, b, scales, x0 + k, run, results);
            else TwoRows<TRow>(a, b, scales, x0 + k, x1 + k, run, results);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<TRow>(byte* first, byte* second, float* scales, float* x, int length, float* y) where TRow : struct, IPanelRow
    {
        var a0 = Avx512F.LoadVector512(y);
        var a1 = Avx512F.LoadVector512(y + 16);
        var b0 = Avx512F.LoadVector512(y + 32);
        var b1 = Avx512F.LoadVector512(y + 48);
        for (float* end = x + length; x < end; x++, first += TRow.RowBytes, second += TRow.RowBytes)
        {
            var value = Vector512.Create(*x);
            a0 = Avx512F.FusedMultiplyAdd(value, TRow.At512(first, scales, 0), a0);
            a1 = Avx512F.FusedMultiplyAdd(value, TRow.At512(first, scales, 1), a1);
            b0 = Avx512F.FusedMultiplyAdd(value, TRow.At512(second, scales + 64, 0), b0);
            b1 = Avx512F.FusedMultiplyAdd(value, TRow.At512(second, scales + 64, 1), b1);
        }
        Avx512F.Store(y, a0);
        Avx512F.Store(y + 16, a1);
        Avx512F.Store(y + 32, b0);
        Avx512F.Store(y + 48, b1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoRows<TRow>(byte* first, byte* second, float* scales, float* x0, float* x1, int length, float* y) where TRow : struct, IPanelRow
    {
        var a0 = Avx512F.LoadVector512(y);
        var a1 = Avx512F.LoadVector512(y + 16);
        var b0 = Avx512F.LoadVector512(y + 32);
        var b1 = Avx512F.LoadVector512(y + 48);
        var c0 = Avx512F.LoadVector512(y + 64);
        var c1 = Avx512F.LoadVector512(y + 80);
        var d0 = Avx512F.LoadVector512(y + 96);
        var d1 = Avx512F.LoadVector512(y + 112);
        for (float* end = x0 + length; x0 < end; x0++, x1++, first += TRow.RowBytes, second += TRow.RowBytes)
        {
            var value0 = Vector512.Create(*x0);
            var value1 = Vector512.Create(*x1);
            var w = TRow.At512(first, scales, 0);
            a0 = Avx512F.FusedMultiplyAdd(value0, w, a0);
            c0 = Avx512F.FusedMultiplyAdd(value1, w, c0);
            w = TRow.At512(first, scales, 1);
            a1 = Avx512F.FusedMultiplyAdd(value0, w, a1);
            c1 = Avx512F.FusedMultiplyAdd(value1, w, c1);
            w = TRow.At512(second, scales + 64, 0);
            b0 = Avx512F.FusedMultiplyAdd(value0, w, b0);
            d0 = Avx512F.FusedMultiplyAdd(value1, w, d0);
            w = TRow.At512(second, scales + 64, 1);
            b1 = Avx512F.FusedMultiplyAdd(value0, w, b1);
            d1 = Avx512F.FusedMultiplyAdd(value1, w, d1);
        }
        Avx512F.Store(y, a0);
        Avx512F.Store(y + 16, a1);
        Avx512F.Store(y + 32, b0);
        Avx512F.Store(y + 48, b1);
        Avx512F.Store(y + 64, c0);
        Avx512F.Store(y + 80, c1);
        Avx512F.Store(y + 96, d0);
        Avx512F.Store(y + 112, d1);
    }
}
