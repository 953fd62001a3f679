using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// c[r][j] continues its chain over a[k][r] * b[k][j], k ascending: interleaved rows a, both halves of a tile b, or one.
/// Twelve rows x 32 columns are 24 accumulators of 32 registers.
/// </summary>
internal static unsafe class MicroKernelsAvx512
{
    /// <summary>12 rows x 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12x32(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a, c0b;
        Vector512<float> c1a, c1b;
        Vector512<float> c2a, c2b;
        Vector512<float> c3a, c3b;
        Vector512<float> c4a, c4b;
        Vector512<float> c5a, c5b;
        Vector512<float> c6a, c6b;
        Vector512<float> c7a, c7b;
        Vector512<float> c8a, c8b;
        Vector512<float> c9a, c9b;
        Vector512<float> c10a, c10b;
        Vector512<float> c11a, c11b;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            c0b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            c1b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            c2b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
            c3b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c4a = Avx512F.LoadVector512(row);
            c4b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c5a = Avx512F.LoadVector512(row);
            c5b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c6a = Avx512F.LoadVector512(row);
            c6b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c7a = Avx512F.LoadVector512(row);
            c7b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c8a = Avx512F.LoadVector512(row);
            c8b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c9a = Avx512F.LoadVector512(row);
            c9b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c10a = Avx512F.LoadVector512(row);
            c10b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c11a = Avx512F.LoadVector512(row);
            c11b = Avx512F.LoadVector512(row + 16);
        }
        else
        {
            c0a = c0b = Vector512<float>.Zero;
            c1a = c1b = Vector512<float>.Zero;
            c2a = c2b = Vector512<float>.Zero;
            c3a = c3b = Vector512<float>.Zero;
            c4a = c4b = Vector512<float>.Zero;
            c5a = c5b = Vector512<float>.Zero;
            c6a = c6b = Vector512<float>.Zero;
            c7a = c7b = Vector512<float>.Zero;
            c8a = c8b = Vector512<float>.Zero;
            c9a = c9b = Vector512<float>.Zero;
            c10a = c10b = Vector512<float>.Zero;
            c11a = c11b = Vector512<float>.Zero;
        }

        nint half = length * 16;
        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 12)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var bb = Avx512F.LoadVector512(b + half);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            c0b = Avx512F.FusedMultiplyAdd(x0, bb, c0b);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            c1b = Avx512F.FusedMultiplyAdd(x1, bb, c1b);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            c2b = Avx512F.FusedMultiplyAdd(x2, bb, c2b);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
            c3b = Avx512F.FusedMultiplyAdd(x3, bb, c3b);
            var x4 = Vector512.Create(a[4]);
            c4a = Avx512F.FusedMultiplyAdd(x4, ba, c4a);
            c4b = Avx512F.FusedMultiplyAdd(x4, bb, c4b);
            var x5 = Vector512.Create(a[5]);
            c5a = Avx512F.FusedMultiplyAdd(x5, ba, c5a);
            c5b = Avx512F.FusedMultiplyAdd(x5, bb, c5b);
            var x6 = Vector512.Create(a[6]);
            c6a = Avx512F.FusedMultiplyAdd(x6, ba, c6a);
            c6b = Avx512F.FusedMultiplyAdd(x6, bb, c6b);
            var x7 = Vector512.Create(a[7]);
            c7a = Avx512F.FusedMultiplyAdd(x7, ba, c7a);
            c7b = Avx512F.FusedMultiplyAdd(x7, bb, c7b);
            var x8 = Vector512.Create(a[8]);
            c8a = Avx512F.FusedMultiplyAdd(x8, ba, c8a);
            c8b = Avx512F.FusedMultiplyAdd(x8, bb, c8b);
            var x9 = Vector512.Create(a[9]);
            c9a = Avx512F.FusedMultiplyAdd(x9, ba, c9a);
            c9b = Avx512F.FusedMultiplyAdd(x9, bb, c9b);
            var x10 = Vector512.Create(a[10]);
            c10a = Avx512F.FusedMultiplyAdd(x10, ba, c10a);
            c10b = Avx512F.FusedMultiplyAdd(x10, bb, c10b);
            var x11 = Vector512.Create(a[11]);
            c11a = Avx512F.FusedMultiplyAdd(x11, ba, c11a);
            c11b = Avx512F.FusedMultiplyAdd(x11, bb, c11b);
        }

        Avx512F.Store(c, c0a);
        Avx512F.Store(c + 16, c0b);
        c += stride;
        Avx512F.Store(c, c1a);
        Avx512F.Store(c + 16, c1b);
        c += stride;
        Avx512F.Store(c, c2a);
        Avx512F.Store(c + 16, c2b);
        c += stride;
        Avx512F.Store(c, c3a);
        Avx512F.Store(c + 16, c3b);
        c += stride;
        Avx512F.Store(c, c4a);
        Avx512F.Store(c + 16, c4b);
        c += stride;
        Avx512F.Store(c, c5a);
        Avx512F.Store(c + 16, c5b);
        c += stride;
        Avx512F.Store(c, c6a);
        Avx512F.Store(c + 16, c6b);
        c += stride;
        Avx512F.Store(c, c7a);
        Avx512F.Store(c + 16, c7b);
        c += stride;
        Avx512F.Store(c, c8a);
        Avx512F.Store(c + 16, c8b);
        c += stride;
        Avx512F.Store(c, c9a);
        Avx512F.Store(c + 16, c9b);
        c += stride;
        Avx512F.Store(c, c10a);
        Avx512F.Store(c + 16, c10b);
        c += stride;
        Avx512F.Store(c, c11a);
        Avx512F.Store(c + 16, c11b);
    }

    /// <summary>12 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows12x16(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a;
        Vector512<float> c1a;
        Vector512<float> c2a;
        Vector512<float> c3a;
        Vector512<float> c4a;
        Vector512<float> c5a;
        Vector512<float> c6a;
        Vector512<float> c7a;
        Vector512<float> c8a;
        Vector512<float> c9a;
        Vector512<float> c10a;
        Vector512<float> c11a;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
            row += stride;
            c4a = Avx512F.LoadVector512(row);
            row += stride;
            c5a = Avx512F.LoadVector512(row);
            row += stride;
            c6a = Avx512F.LoadVector512(row);
            row += stride;
            c7a = Avx512F.LoadVector512(row);
            row += stride;
            c8a = Avx512F.LoadVector512(row);
            row += stride;
            c9a = Avx512F.LoadVector512(row);
            row += stride;
            c10a = Avx512F.LoadVector512(row);
            row += stride;
            c11a = Avx512F.LoadVector512(row);
        }
        else
        {
            c0a = Vector512<float>.Zero;
            c1a = Vector512<float>.Zero;
            c2a = Vector512<float>.Zero;
            c3a = Vector512<float>.Zero;
            c4a = Vector512<float>.Zero;
            c5a = Vector512<float>.Zero;
            c6a = Vector512<float>.Zero;
            c7a = Vector512<float>.Zero;
            c8a = Vector512<float>.Zero;
            c9a = Vector512<float>.Zero;
            c10a = Vector512<float>.Zero;
            c11a = Vector512<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 12)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
            var x4 = Vector512.Create(a[4]);
            c4a = Avx512F.FusedMultiplyAdd(x4, ba, c4a);
            var x5 = Vector512.Create(a[5]);
            c5a = Avx512F.FusedMultiplyAdd(x5, ba, c5a);
            var x6 = Vector512.Create(a[6]);
            c6a = Avx512F.FusedMultiplyAdd(x6, ba, c6a);
            var x7 = Vector512.Create(a[7]);
            c7a = Avx512F.FusedMultiplyAdd(x7, ba, c7a);
            var x8 = Vector512.Create(a[8]);
            c8a = Avx512F.FusedMultiplyAdd(x8, ba, c8a);
            var x9 = Vector512.Create(a[9]);
            c9a = Avx512F.FusedMultiplyAdd(x9, ba, c9a);
            var x10 = Vector512.Create(a[10]);
            c10a = Avx512F.FusedMultiplyAdd(x10, ba, c10a);
            var x11 = Vector512.Create(a[11]);
            c11a = Avx512F.FusedMultiplyAdd(x11, ba, c11a);
        }

        Avx512F.Store(c, c0a);
        c += stride;
        Avx512F.Store(c, c1a);
        c += stride;
        Avx512F.Store(c, c2a);
        c += stride;
        Avx512F.Store(c, c3a);
        c += stride;
        Avx512F.Store(c, c4a);
        c += stride;
        Avx512F.Store(c, c5a);
        c += stride;
        Avx512F.Store(c, c6a);
        c += stride;
        Avx512F.Store(c, c7a);
        c += stride;
        Avx512F.Store(c, c8a);
        c += stride;
        Avx512F.Store(c, c9a);
        c += stride;
        Avx512F.Store(c, c10a);
        c += stride;
        Avx512F.Store(c, c11a);
    }

    /// <summary>8 rows x 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8x32(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a, c0b;
        Vector512<float> c1a, c1b;
        Vector512<float> c2a, c2b;
        Vector512<float> c3a, c3b;
        Vector512<float> c4a, c4b;
        Vector512<float> c5a, c5b;
        Vector512<float> c6a, c6b;
        Vector512<float> c7a, c7b;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            c0b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            c1b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            c2b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
            c3b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c4a = Avx512F.LoadVector512(row);
            c4b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c5a = Avx512F.LoadVector512(row);
            c5b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c6a = Avx512F.LoadVector512(row);
            c6b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c7a = Avx512F.LoadVector512(row);
            c7b = Avx512F.LoadVector512(row + 16);
        }
        else
        {
            c0a = c0b = Vector512<float>.Zero;
            c1a = c1b = Vector512<float>.Zero;
            c2a = c2b = Vector512<float>.Zero;
            c3a = c3b = Vector512<float>.Zero;
            c4a = c4b = Vector512<float>.Zero;
            c5a = c5b = Vector512<float>.Zero;
            c6a = c6b = Vector512<float>.Zero;
            c7a = c7b = Vector512<float>.Zero;
        }

        nint half = length * 16;
        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 8)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var bb = Avx512F.LoadVector512(b + half);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            c0b = Avx512F.FusedMultiplyAdd(x0, bb, c0b);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            c1b = Avx512F.FusedMultiplyAdd(x1, bb, c1b);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            c2b = Avx512F.FusedMultiplyAdd(x2, bb, c2b);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
            c3b = Avx512F.FusedMultiplyAdd(x3, bb, c3b);
            var x4 = Vector512.Create(a[4]);
            c4a = Avx512F.FusedMultiplyAdd(x4, ba, c4a);
            c4b = Avx512F.FusedMultiplyAdd(x4, bb, c4b);
            var x5 = Vector512.Create(a[5]);
            c5a = Avx512F.FusedMultiplyAdd(x5, ba, c5a);
            c5b = Avx512F.FusedMultiplyAdd(x5, bb, c5b);
            var x6 = Vector512.Create(a[6]);
            c6a = Avx512F.FusedMultiplyAdd(x6, ba, c6a);
            c6b = Avx512F.FusedMultiplyAdd(x6, bb, c6b);
            var x7 = Vector512.Create(a[7]);
            c7a = Avx512F.FusedMultiplyAdd(x7, ba, c7a);
            c7b = Avx512F.FusedMultiplyAdd(x7, bb, c7b);
        }

        Avx512F.Store(c, c0a);
        Avx512F.Store(c + 16, c0b);
        c += stride;
        Avx512F.Store(c, c1a);
        Avx512F.Store(c + 16, c1b);
        c += stride;
        Avx512F.Store(c, c2a);
        Avx512F.Store(c + 16, c2b);
        c += stride;
        Avx512F.Store(c, c3a);
        Avx512F.Store(c + 16, c3b);
        c += stride;
        Avx512F.Store(c, c4a);
        Avx512F.Store(c + 16, c4b);
        c += stride;
        Avx512F.Store(c, c5a);
        Avx512F.Store(c + 16, c5b);
        c += stride;
        Avx512F.Store(c, c6a);
        Avx512F.Store(c + 16, c6b);
        c += stride;
        Avx512F.Store(c, c7a);
        Avx512F.Store(c + 16, c7b);
    }

    /// <summary>8 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows8x16(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a;
        Vector512<float> c1a;
        Vector512<float> c2a;
        Vector512<float> c3a;
        Vector512<float> c4a;
        Vector512<float> c5a;
        Vector512<float> c6a;
        Vector512<float> c7a;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
            row += stride;
            c4a = Avx512F.LoadVector512(row);
            row += stride;
            c5a = Avx512F.LoadVector512(row);
            row += stride;
            c6a = Avx512F.LoadVector512(row);
            row += stride;
            c7a = Avx512F.LoadVector512(row);
        }
        else
        {
            c0a = Vector512<float>.Zero;
            c1a = Vector512<float>.Zero;
            c2a = Vector512<float>.Zero;
            c3a = Vector512<float>.Zero;
            c4a = Vector512<float>.Zero;
            c5a = Vector512<float>.Zero;
            c6a = Vector512<float>.Zero;
            c7a = Vector512<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 8)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
            var x4 = Vector512.Create(a[4]);
            c4a = Avx512F.FusedMultiplyAdd(x4, ba, c4a);
            var x5 = Vector512.Create(a[5]);
            c5a = Avx512F.FusedMultiplyAdd(x5, ba, c5a);
            var x6 = Vector512.Create(a[6]);
            c6a = Avx512F.FusedMultiplyAdd(x6, ba, c6a);
            var x7 = Vector512.Create(a[7]);
            c7a = Avx512F.FusedMultiplyAdd(x7, ba, c7a);
        }

        Avx512F.Store(c, c0a);
        c += stride;
        Avx512F.Store(c, c1a);
        c += stride;
        Avx512F.Store(c, c2a);
        c += stride;
        Avx512F.Store(c, c3a);
        c += stride;
        Avx512F.Store(c, c4a);
        c += stride;
        Avx512F.Store(c, c5a);
        c += stride;
        Avx512F.Store(c, c6a);
        c += stride;
        Avx512F.Store(c, c7a);
    }

    /// <summary>4 rows x 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4x32(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a, c0b;
        Vector512<float> c1a, c1b;
        Vector512<float> c2a, c2b;
        Vector512<float> c3a, c3b;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            c0b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            c1b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            c2b = Avx512F.LoadVector512(row + 16);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
            c3b = Avx512F.LoadVector512(row + 16);
        }
        else
        {
            c0a = c0b = Vector512<float>.Zero;
            c1a = c1b = Vector512<float>.Zero;
            c2a = c2b = Vector512<float>.Zero;
            c3a = c3b = Vector512<float>.Zero;
        }

        nint half = length * 16;
        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 4)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var bb = Avx512F.LoadVector512(b + half);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            c0b = Avx512F.FusedMultiplyAdd(x0, bb, c0b);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            c1b = Avx512F.FusedMultiplyAdd(x1, bb, c1b);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            c2b = Avx512F.FusedMultiplyAdd(x2, bb, c2b);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
            c3b = Avx512F.FusedMultiplyAdd(x3, bb, c3b);
        }

        Avx512F.Store(c, c0a);
        Avx512F.Store(c + 16, c0b);
        c += stride;
        Avx512F.Store(c, c1a);
        Avx512F.Store(c + 16, c1b);
        c += stride;
        Avx512F.Store(c, c2a);
        Avx512F.Store(c + 16, c2b);
        c += stride;
        Avx512F.Store(c, c3a);
        Avx512F.Store(c + 16, c3b);
    }

    /// <summary>4 rows x 16 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows4x16(float* a, float* b, nint length, float* c, nint stride, bool reload, Ahead ahead)
    {
        Vector512<float> c0a;
        Vector512<float> c1a;
        Vector512<float> c2a;
        Vector512<float> c3a;
        if (reload)
        {
            float* row = c;
            c0a = Avx512F.LoadVector512(row);
            row += stride;
            c1a = Avx512F.LoadVector512(row);
            row += stride;
            c2a = Avx512F.LoadVector512(row);
            row += stride;
            c3a = Avx512F.LoadVector512(row);
        }
        else
        {
            c0a = Vector512<float>.Zero;
            c1a = Vector512<float>.Zero;
            c2a = Vector512<float>.Zero;
            c3a = Vector512<float>.Zero;
        }

        byte* next = ahead.Start;
        for (float* end = b + length * 16; b < end; b += 16, a += 4)
        {
            Sse.Prefetch1(next);
            next += ahead.Step;
            var ba = Avx512F.LoadVector512(b);
            var x0 = Vector512.Create(*a);
            c0a = Avx512F.FusedMultiplyAdd(x0, ba, c0a);
            var x1 = Vector512.Create(a[1]);
            c1a = Avx512F.FusedMultiplyAdd(x1, ba, c1a);
            var x2 = Vector512.Create(a[2]);
            c2a = Avx512F.FusedMultiplyAdd(x2, ba, c2a);
            var x3 = Vector512.Create(a[3]);
            c3a = Avx512F.FusedMultiplyAdd(x3, ba, c3a);
        }

        Avx512F.Store(c, c0a);
        c += stride;
        Avx512F.Store(c, c1a);
        c += stride;
        Avx512F.Store(c, c2a);
        c += stride;
        Avx512F.Store(c, c3a);
    }
}
