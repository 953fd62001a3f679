using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// C = A B or C += A B for the tiles of attention: an output is one chain over the depth, ascending, that starts from +0 or from C
/// (E1). Four rows of A share every load of B; one row alone keeps four groups of columns going.
/// </summary>
internal static unsafe class SmallProduct
{
    /// <param name="a">Element (row, k) is a[row * aRow + k * aStep].</param>
    /// <param name="aRow">Distance of rows.</param>
    /// <param name="aStep">Distance along the depth.</param>
    /// <param name="b">Element (k, column) is b[k * bStep + column].</param>
    /// <param name="bStep">Distance along the depth.</param>
    /// <param name="depth">Length of a chain.</param>
    /// <param name="c">Element (row, column) is c[row * cRow + column].</param>
    /// <param name="cRow">Distance of rows.</param>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="columns">Columns of B and C.</param>
    /// <param name="resume">Chains start from C instead of +0.</param>
    public static void Run<T>(
        float* a, nint aRow, nint aStep, float* b, nint bStep, int depth, float* c, nint cRow, int rows, int columns, bool resume)
        where T : unmanaged, ILanes<T>
    {
        for (; rows >= 4; rows -= 4, a += 4 * aRow, c += 4 * cRow)
            FourRows<T>(a, a + aRow, a + 2 * aRow, a + 3 * aRow, aStep, b, bStep, depth, c, c + cRow, c + 2 * cRow, c + 3 * cRow, columns, resume);
        if (rows == 1)
        {
            OneRow<T>(a, aStep, b, bStep, depth, c, columns, resume);
        }
        else if (rows > 0)
        {
            // Two or three: the last row stands in for those missing; it is computed alike and stored twice.
            float* lastA = a + (rows - 1) * aRow, lastC = c + (rows - 1) * cRow;
            float* thirdA = rows > 2 ? a + 2 * aRow : lastA, thirdC = rows > 2 ? c + 2 * cRow : lastC;
            FourRows<T>(a, a + aRow, thirdA, lastA, aStep, b, bStep, depth, c, c + cRow, thirdC, lastC, columns, resume);
        }
    }

    private static void FourRows<T>(
        float* a0, float* a1, float* a2, float* a3, nint aStep, float* b, nint bStep, int depth,
        float* c0, float* c1, float* c2, float* c3, int columns, bool resume)
        where T : unmanaged, ILanes<T>
    {
        int column = 0;
        if (T.IsOneRegister)
        {
            for (; column <= columns - 64; column += 64)
                FourBySixtyFour<T>(a0, a1, a2, a3, aStep, b + column, bStep, depth, c0 + column, c1 + column, c2 + column, c3 + column, resume);
            for (; column <= columns - 32; column += 32)
                FourByThirtyTwo<T>(a0, a1, a2, a3, aStep, b + column, bStep, depth, c0 + column, c1 + column, c2 + column, c3 + column, resume);
        }
        for (; column <= columns - 16; column += 16)
            FourBySixteen<T>(a0, a1, a2, a3, aStep, b + column, bStep, depth, c0 + column, c1 + column, c2 + column, c3 + column, resume);
        if (column < columns)
            FourByFew<T>(a0, a1, a2, a3, aStep, b + column, bStep, depth, c0 + column, c1 + column, c2 + column, c3 + column, columns - column, resume);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourBySixteen<T>(
        float* a0, float* a1, float* a2, float* a3, nint aStep, float* b, nint bStep, int depth,
        float* c0, float* c1, float* c2, float* c3, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        T r0 = zero, r1 = zero, r2 = zero, r3 = zero;
        if (resume)
        {
            r0 = T.Load(c0);
            r1 = T.Load(c1);
            r2 = T.Load(c2);
            r3 = T.Load(c3);
        }
        nint at = 0;
        for (int k = 0; k < depth; k++, at += aStep, b += bStep)
        {
            var column = T.Load(b);
            r0 = T.Fma(T.Create(a0[at]), column, r0);
            r1 = T.Fma(T.Create(a1[at]), column, r1);
            r2 = T.Fma(T.Create(a2[at]), column, r2);
            r3 = T.Fma(T.Create(a3[at]), column, r3);
        }
        T.Store(r0, c0);
        T.Store(r1, c1);
        T.Store(r2, c2);
        T.Store(r3, c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFew<T>(
        float* a0, float* a1, float* a2, float* a3, nint aStep, float* b, nint bStep, int depth,
        float* c0, float* c1, float* c2, float* c3, int count, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        T r0 = zero, r1 = zero, r2 = zero, r3 = zero;
        if (resume)
        {
            r0 = T.LoadPartial(c0, count);
            r1 = T.LoadPartial(c1, count);
            r2 = T.LoadPartial(c2, count);
            r3 = T.LoadPartial(c3, count);
        }
        nint at = 0;
        for (int k = 0; k < depth; k++, at += aStep, b += bStep)
        {
            var column = T.LoadPartial(b, count);
            r0 = T.Fma(T.Create(a0[at]), column, r0);
            r1 = T.Fma(T.Create(a1[at]), column, r1);
            r2 = T.Fma(T.Create(a2[at]), column, r2);
            r3 = T.Fma(T.Create(a3[at]), column, r3);
        }
        T.StorePartial(r0, c0, count);
        T.StorePartial(r1, c1, count);
        T.StorePartial(r2, c2, count);
        T.StorePartial(r3, c3, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByThirtyTwo<T>(
        float* a0, float* a1, float* a2, float* a3, nint aStep, float* b, nint bStep, int depth,
        float* c0, float* c1, float* c2, float* c3, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        T r00 = zero, r01 = zero, r10 = zero, r11 = zero, r20 = zero, r21 = zero, r30 = zero, r31 = zero;
        if (resume)
        {
            r00 = T.Load(c0);
            r01 = T.Load(c0 + 16);
            r10 = T.Load(c1);
            r11 = T.Load(c1 + 16);
            r20 = T.Load(c2);
            r21 = T.Load(c2 + 16);
            r30 = T.Load(c3);
            r31 = T.Load(c3 + 16);
        }
        nint at = 0;
        for (int k = 0; k < depth; k++, at += aStep, b += bStep)
        {
            T left = T.Load(b), right = T.Load(b + 16);
            var x = T.Create(a0[at]);
            r00 = T.Fma(x, left, r00);
            r01 = T.Fma(x, right, r01);
            x = T.Create(a1[at]);
            r10 = T.Fma(x, left, r10);
            r11 = T.Fma(x, right, r11);
            x = T.Create(a2[at]);
            r20 = T.Fma(x, left, r20);
            r21 = T.Fma(x, right, r21);
            x = T.Create(a3[at]);
            r30 = T.Fma(x, left, r30);
            r31 = T.Fma(x, right, r31);
        }
        T.Store(r00, c0);
        T.Store(r01, c0 + 16);
        T.Store(r10, c1);
        T.Store(r11, c1 + 16);
        T.Store(r20, c2);
        T.Store(r21, c2 + 16);
        T.Store(r30, c3);
        T.Store(r31, c3 + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourBySixtyFour<T>(
        float* a0, float* a1, float* a2, float* a3, nint aStep, float* b, nint bStep, int depth,
        float* c0, float* c1, float* c2, float* c3, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        T r00 = zero, r01 = zero, r02 = zero, r03 = zero, r10 = zero, r11 = zero, r12 = zero, r13 = zero;
        T r20 = zero, r21 = zero, r22 = zero, r23 = zero, r30 = zero, r31 = zero, r32 = zero, r33 = zero;
        if (resume)
        {
            r00 = T.Load(c0);
            r01 = T.Load(c0 + 16);
            r02 = T.Load(c0 + 32);
            r03 = T.Load(c0 + 48);
            r10 = T.Load(c1);
            r11 = T.Load(c1 + 16);
            r12 = T.Load(c1 + 32);
            r13 = T.Load(c1 + 48);
            r20 = T.Load(c2);
            r21 = T.Load(c2 + 16);
            r22 = T.Load(c2 + 32);
            r23 = T.Load(c2 + 48);
            r30 = T.Load(c3);
            r31 = T.Load(c3 + 16);
            r32 = T.Load(c3 + 32);
            r33 = T.Load(c3 + 48);
        }
        nint at = 0;
        for (int k = 0; k < depth; k++, at += aStep, b += bStep)
        {
            T b0 = T.Load(b), b1 = T.Load(b + 16), b2 = T.Load(b + 32), b3 = T.Load(b + 48);
            var x = T.Create(a0[at]);
            r00 = T.Fma(x, b0, r00);
            r01 = T.Fma(x, b1, r01);
            r02 = T.Fma(x, b2, r02);
            r03 = T.Fma(x, b3, r03);
            x = T.Create(a1[at]);
            r10 = T.Fma(x, b0, r10);
            r11 = T.Fma(x, b1, r11);
            r12 = T.Fma(x, b2, r12);
            r13 = T.Fma(x, b3, r13);
            x = T.Create(a2[at]);
            r20 = T.Fma(x, b0, r20);
            r21 = T.Fma(x, b1, r21);
            r22 = T.Fma(x, b2, r22);
            r23 = T.Fma(x, b3, r23);
            x = T.Create(a3[at]);
            r30 = T.Fma(x, b0, r30);
            r31 = T.Fma(x, b1, r31);
            r32 = T.Fma(x, b2, r32);
            r33 = T.Fma(x, b3, r33);
        }
        T.Store(r00, c0);
        T.Store(r01, c0 + 16);
        T.Store(r02, c0 + 32);
        T.Store(r03, c0 + 48);
        T.Store(r10, c1);
        T.Store(r11, c1 + 16);
        T.Store(r12, c1 + 32);
        T.Store(r13, c1 + 48);
        T.Store(r20, c2);
        T.Store(r21, c2 + 16);
        T.Store(r22, c2 + 32);
        T.Store(r23, c2 + 48);
        T.Store(r30, c3);
        T.Store(r31, c3 + 16);
        T.Store(r32, c3 + 32);
        T.Store(r33, c3 + 48);
    }

    private static void OneRow<T>(float* a, nint aStep, float* b, nint bStep, int depth, float* c, int columns, bool resume)
        where T : unmanaged, ILanes<T>
    {
        int whole = columns / 16 * 16;
        for (int column = 0; column < whole; column += 64)
        {
            // Fewer than four groups left: the last one is computed again, which costs no time here (latency bounds a single row).
            int last = Math.Min(whole - column, 64) - 16;
            OneByFour<T>(a, aStep, b + column, bStep, depth, c + column, Math.Min(16, last), Math.Min(32, last), last, resume);
        }
        if (whole < columns) OneByFew<T>(a, aStep, b + whole, bStep, depth, c + whole, columns - whole, resume);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFour<T>(
        float* a, nint aStep, float* b, nint bStep, int depth, float* c, int second, int third, int fourth, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        T r0 = zero, r1 = zero, r2 = zero, r3 = zero;
        if (resume)
        {
            r0 = T.Load(c);
            r1 = T.Load(c + second);
            r2 = T.Load(c + third);
            r3 = T.Load(c + fourth);
        }
        for (int k = 0; k < depth; k++, a += aStep, b += bStep)
        {
            var x = T.Create(*a);
            r0 = T.Fma(x, T.Load(b), r0);
            r1 = T.Fma(x, T.Load(b + second), r1);
            r2 = T.Fma(x, T.Load(b + third), r2);
            r3 = T.Fma(x, T.Load(b + fourth), r3);
        }
        T.Store(r0, c);
        T.Store(r1, c + second);
        T.Store(r2, c + third);
        T.Store(r3, c + fourth);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneByFew<T>(float* a, nint aStep, float* b, nint bStep, int depth, float* c, int count, bool resume)
        where T : unmanaged, ILanes<T>
    {
        var sum = resume ? T.LoadPartial(c, count) : T.Create(0f);
        for (int k = 0; k < depth; k++, a += aStep, b += bStep) sum = T.Fma(T.Create(*a), T.LoadPartial(b, count), sum);
        T.StorePartial(sum, c, count);
    }
}
