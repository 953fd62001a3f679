using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>The most fused multiply-adds that the processor does: independent chains in registers, no memory.</summary>
internal static unsafe class FmaPeak
{
    private const int Rounds = 20_000;

    /// <summary>Multiply-adds of one item, lanes counted.</summary>
    public static long ProductsPerItem(SimdLevel level) => level == SimdLevel.Avx512 ? 24L * 16 * Rounds : 12L * 8 * Rounds;

    /// <summary>Operations a second over a run of items on the pool's threads; a multiply-add is two.</summary>
    public static double Measure(ComputePool pool, SimdLevel level)
    {
        int items = 32 * pool.Threads;
        double seconds = Clock.Time(() => pool.For(items, new Item(level)));
        return 2.0 * items * ProductsPerItem(level) / seconds;
    }

    private readonly struct Item(SimdLevel level) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            float sink = level == SimdLevel.Avx512 ? Chains512(Rounds) : Chains256(Rounds);
            if (sink == 12345f) throw new InvalidOperationException();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains256(int rounds)
    {
        var x = Vector256.Create(0.999f);
        var y = Vector256.Create(0.001f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; rounds > 0; rounds--)
        {
            a = Fma.MultiplyAdd(a, x, y);
            b = Fma.MultiplyAdd(b, x, y);
            c = Fma.MultiplyAdd(c, x, y);
            d = Fma.MultiplyAdd(d, x, y);
            e = Fma.MultiplyAdd(e, x, y);
            f = Fma.MultiplyAdd(f, x, y);
            g = Fma.MultiplyAdd(g, x, y);
            h = Fma.MultiplyAdd(h, x, y);
            i = Fma.MultiplyAdd(i, x, y);
            j = Fma.MultiplyAdd(j, x, y);
            k = Fma.MultiplyAdd(k, x, y);
            l = Fma.MultiplyAdd(l, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains512(int rounds)
    {
        var x = Vector512.Create(0.999f);
        var y = Vector512.Create(0.001f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        Vector512<float> m = x, n = x, o = x, p = x, q = x, r = x, s = x, t = x, u = x, v = x, w = x, z = x;
        for (; rounds > 0; rounds--)
        {
            a = Avx512F.FusedMultiplyAdd(a, x, y);
            b = Avx512F.FusedMultiplyAdd(b, x, y);
            c = Avx512F.FusedMultiplyAdd(c, x, y);
            d = Avx512F.FusedMultiplyAdd(d, x, y);
            e = Avx512F.FusedMultiplyAdd(e, x, y);
            f = Avx512F.FusedMultiplyAdd(f, x, y);
            g = Avx512F.FusedMultiplyAdd(g, x, y);
            h = Avx512F.FusedMultiplyAdd(h, x, y);
            i = Avx512F.FusedMultiplyAdd(i, x, y);
            j = Avx512F.FusedMultiplyAdd(j, x, y);
            k = Avx512F.FusedMultiplyAdd(k, x, y);
            l = Avx512F.FusedMultiplyAdd(l, x, y);
            m = Avx512F.FusedMultiplyAdd(m, x, y);
            n = Avx512F.FusedMultiplyAdd(n, x, y);
            o = Avx512F.FusedMultiplyAdd(o, x, y);
            p = Avx512F.FusedMultiplyAdd(p, x, y);
            q = Avx512F.FusedMultiplyAdd(q, x, y);
            r = Avx512F.FusedMultiplyAdd(r, x, y);
            s = Avx512F.FusedMultiplyAdd(s, x, y);
            t = Avx512F.FusedMultiplyAdd(t, x, y);
            u = Avx512F.FusedMultiplyAdd(u, x, y);
            v = Avx512F.FusedMultiplyAdd(v, x, y);
            w = Avx512F.FusedMultiplyAdd(w, x, y);
            z = Avx512F.FusedMultiplyAdd(z, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r + s + t + u + v + w + z);
    }
}
