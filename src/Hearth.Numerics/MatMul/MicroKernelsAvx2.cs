using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// c[r][j] continues its chain over a[k][r] * b[k][j], k ascending: interleaved rows a, half a tile b [k][16].
/// Six rows are 12 accumulators; with two columns of b and one of a they fill 15 of 16 registers. Accumulators have names because arrays
/// and structs would live in memory.
/// </summary>
internal static unsafe class MicroKernelsAvx2
{
    /// <summary>6 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows6(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector256<float> c0a, c0b;
        Vector256<float> c1a, c1b;
        Vector256<float> c2a, c2b;
        Vector256<float> c3a, c3b;
        Vector256<float> c4a, c4b;
        Vector256<float> c5a, c5b;
        if (reload)
        {
            float* row = c;
            c0a = Avx.LoadVector256(row);
            c0b = Avx.LoadVector256(row + 8);
            row += stride;
            c1a = Avx.LoadVector256(row);
            c1b = Avx.LoadVector256(row + 8);
            row += stride;
            c2a = Avx.LoadVector256(row);
            c2b = Avx.LoadVector256(row + 8);
            row += stride;
            c3a = Avx.LoadVector256(row);
            c3b = Avx.LoadVector256(row + 8);
            row += stride;
            c4a = Avx.LoadVector256(row);
            c4b = Avx.LoadVector256(row + 8);
            row += stride;
            c5a = Avx.LoadVector256(row);
            c5b = Avx.LoadVector256(row + 8);
        }
        else
        {
            c0a = c0b = Vector256<float>.Zero;
            c1a = c1b = Vector256<float>.Zero;
            c2a = c2b = Vector256<float>.Zero;
            c3a = c3b = Vector256<float>.Zero;
            c4a = c4b = Vector256<float>.Zero;
            c5a = c5b = Vector256<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 6)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx.LoadVector256(b);
            var bb = Avx.LoadVector256(b + 8);
            var x0 = Avx.BroadcastScalarToVector256(a);
            c0a = Fma.MultiplyAdd(x0, ba, c0a);
            c0b = Fma.MultiplyAdd(x0, bb, c0b);
            var x1 = Avx.BroadcastScalarToVector256(a + 1);
            c1a = Fma.MultiplyAdd(x1, ba, c1a);
            c1b = Fma.MultiplyAdd(x1, bb, c1b);
            var x2 = Avx.BroadcastScalarToVector256(a + 2);
            c2a = Fma.MultiplyAdd(x2, ba, c2a);
            c2b = Fma.MultiplyAdd(x2, bb, c2b);
            var x3 = Avx.BroadcastScalarToVector256(a + 3);
            c3a = Fma.MultiplyAdd(x3, ba, c3a);
            c3b = Fma.MultiplyAdd(x3, bb, c3b);
            var x4 = Avx.BroadcastScalarToVector256(a + 4);
            c4a = Fma.MultiplyAdd(x4, ba, c4a);
            c4b = Fma.MultiplyAdd(x4, bb, c4b);
            var x5 = Avx.BroadcastScalarToVector256(a + 5);
            c5a = Fma.MultiplyAdd(x5, ba, c5a);
            c5b = Fma.MultiplyAdd(x5, bb, c5b);
        }

        Avx.Store(c, c0a);
        Avx.Store(c + 8, c0b);
        c += stride;
        Avx.Store(c, c1a);
        Avx.Store(c + 8, c1b);
        c += stride;
        Avx.Store(c, c2a);
        Avx.Store(c + 8, c2b);
        c += stride;
        Avx.Store(c, c3a);
        Avx.Store(c + 8, c3b);
        c += stride;
        Avx.Store(c, c4a);
        Avx.Store(c + 8, c4b);
        c += stride;
        Avx.Store(c, c5a);
        Avx.Store(c + 8, c5b);
    }

    /// <summary>4 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector256<float> c0a, c0b;
        Vector256<float> c1a, c1b;
        Vector256<float> c2a, c2b;
        Vector256<float> c3a, c3b;
        if (reload)
        {
            float* row = c;
            c0a = Avx.LoadVector256(row);
            c0b = Avx.LoadVector256(row + 8);
            row += stride;
            c1a = Avx.LoadVector256(row);
            c1b = Avx.LoadVector256(row + 8);
            row += stride;
            c2a = Avx.LoadVector256(row);
            c2b = Avx.LoadVector256(row + 8);
            row += stride;
            c3a = Avx.LoadVector256(row);
            c3b = Avx.LoadVector256(row + 8);
        }
        else
        {
            c0a = c0b = Vector256<float>.Zero;
            c1a = c1b = Vector256<float>.Zero;
            c2a = c2b = Vector256<float>.Zero;
            c3a = c3b = Vector256<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 4)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx.LoadVector256(b);
            var bb = Avx.LoadVector256(b + 8);
            var x0 = Avx.BroadcastScalarToVector256(a);
            c0a = Fma.MultiplyAdd(x0, ba, c0a);
            c0b = Fma.MultiplyAdd(x0, bb, c0b);
            var x1 = Avx.BroadcastScalarToVector256(a + 1);
            c1a = Fma.MultiplyAdd(x1, ba, c1a);
            c1b = Fma.MultiplyAdd(x1, bb, c1b);
            var x2 = Avx.BroadcastScalarToVector256(a + 2);
            c2a = Fma.MultiplyAdd(x2, ba, c2a);
            c2b = Fma.MultiplyAdd(x2, bb, c2b);
            var x3 = Avx.BroadcastScalarToVector256(a + 3);
            c3a = Fma.MultiplyAdd(x3, ba, c3a);
            c3b = Fma.MultiplyAdd(x3, bb, c3b);
        }

        Avx.Store(c, c0a);
        Avx.Store(c + 8, c0b);
        c += stride;
        Avx.Store(c, c1a);
        Avx.Store(c + 8, c1b);
        c += stride;
        Avx.Store(c, c2a);
        Avx.Store(c + 8, c2b);
        c += stride;
        Avx.Store(c, c3a);
        Avx.Store(c + 8, c3b);
    }

    /// <summary>2 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows2(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector256<float> c0a, c0b;
        Vector256<float> c1a, c1b;
        if (reload)
        {
            float* row = c;
            c0a = Avx.LoadVector256(row);
            c0b = Avx.LoadVector256(row + 8);
            row += stride;
            c1a = Avx.LoadVector256(row);
            c1b = Avx.LoadVector256(row + 8);
        }
        else
        {
            c0a = c0b = Vector256<float>.Zero;
            c1a = c1b = Vector256<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 2)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx.LoadVector256(b);
            var bb = Avx.LoadVector256(b + 8);
            var x0 = Avx.BroadcastScalarToVector256(a);
            c0a = Fma.MultiplyAdd(x0, ba, c0a);
            c0b = Fma.MultiplyAdd(x0, bb, c0b);
            var x1 = Avx.BroadcastScalarToVector256(a + 1);
            c1a = Fma.MultiplyAdd(x1, ba, c1a);
            c1b = Fma.MultiplyAdd(x1, bb, c1b);
        }

        Avx.Store(c, c0a);
        Avx.Store(c + 8, c0b);
        c += stride;
        Avx.Store(c, c1a);
        Avx.Store(c + 8, c1b);
    }
}
