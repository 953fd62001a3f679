using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// y = x W^T for a few rows of x by 16 to 64 outputs of W, whole chains at a time: a weight is widened in a register and used at once by every row.
/// </summary>
/// <remarks>
/// Named accumulators, as arrays and structs of them would live in memory. A chain waits four cycles for each addition, up to two of which end in a
/// cycle, so each kernel has as many chains as that and the widening between them need.
/// </remarks>
internal static unsafe class FewRowsKernels<T, TColumns>
    where T : unmanaged, IWideningLanes<T>
    where TColumns : unmanaged, IColumns<T>
{
    /// <summary>One row by 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRow(byte* panel, float* x, int inputs, float* y)
    {
        T a00 = T.Create(0f), a01 = a00;
        TColumns w0 = default, w1 = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                T s00 = a00, s01 = a01;
                do
                {
                    var value = T.Create(x[at]);
                    s00 = T.Fma(value, w0.Next(), s00);
                    s01 = T.Fma(value, w1.Next(), s01);
                    at++;
                }
                while (--steps > 0);
                (a00, a01) = (s00, s01);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        T.Store(a01, y + 16);
    }

    /// <summary>One row by 32 outputs of each of two panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneRowTwoPanels(byte* panel, byte* second, float* x, int inputs, float* y, float* y2)
    {
        T a00 = T.Create(0f), a01 = a00, a02 = a00, a03 = a00;
        TColumns w0 = default, w1 = default, w2 = default, w3 = default;
        float* scratch = stackalloc float[4 * Columns.Scratch];
        nint apart = (nint)(second - panel);
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            w2.Enter(second, k, 0, scratch + 2 * Columns.Scratch, k == 0);
            w3.Enter(second, k, 1, scratch + 3 * Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                w2.Load(leg + apart, left, 0);
                w3.Load(leg + apart, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                T s00 = a00, s01 = a01, s02 = a02, s03 = a03;
                do
                {
                    var value = T.Create(x[at]);
                    s00 = T.Fma(value, w0.Next(), s00);
                    s01 = T.Fma(value, w1.Next(), s01);
                    s02 = T.Fma(value, w2.Next(), s02);
                    s03 = T.Fma(value, w3.Next(), s03);
                    at++;
                }
                while (--steps > 0);
                (a00, a01, a02, a03) = (s00, s01, s02, s03);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        T.Store(a01, y + 16);
        T.Store(a02, y2);
        T.Store(a03, y2 + 16);
    }

    /// <summary>Two rows by 16 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRowsHalf(byte* panel, int part, float* x, int inputs, float* y, nint stride)
    {
        T a00 = T.Create(0f), a10 = a00;
        TColumns w0 = default;
        float* scratch = stackalloc float[Columns.Scratch];
        float* x1 = x + inputs;
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, part, scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, part);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                do
                {
                    T c0 = w0.Next();
                    var value = T.Create(x[at]);
                    a00 = T.Fma(value, c0, a00);
                    value = T.Create(x1[at]);
                    a10 = T.Fma(value, c0, a10);
                    at++;
                }
                while (--steps > 0);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        y += stride;
        T.Store(a10, y);
    }

    /// <summary>Four rows by 16 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRowsHalf(byte* panel, int part, float* x, int inputs, float* y, nint stride)
    {
        T a00 = T.Create(0f), a10 = a00, a20 = a00, a30 = a00;
        TColumns w0 = default;
        float* scratch = stackalloc float[Columns.Scratch];
        float* x1 = x + inputs;
        float* x2 = x1 + inputs;
        float* x3 = x2 + inputs;
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, part, scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, part);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                do
                {
                    T c0 = w0.Next();
                    var value = T.Create(x[at]);
                    a00 = T.Fma(value, c0, a00);
                    value = T.Create(x1[at]);
                    a10 = T.Fma(value, c0, a10);
                    value = T.Create(x2[at]);
                    a20 = T.Fma(value, c0, a20);
                    value = T.Create(x3[at]);
                    a30 = T.Fma(value, c0, a30);
                    at++;
                }
                while (--steps > 0);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        y += stride;
        T.Store(a10, y);
        y += stride;
        T.Store(a20, y);
        y += stride;
        T.Store(a30, y);
    }

    /// <summary>Two rows by 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TwoRows(byte* panel, float* x, int inputs, float* y, nint stride)
    {
        T a00 = T.Create(0f), a01 = a00, a10 = a00, a11 = a00;
        TColumns w0 = default, w1 = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        float* x1 = x + inputs;
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                do
                {
                    T c0 = w0.Next(), c1 = w1.Next();
                    var value = T.Create(x[at]);
                    a00 = T.Fma(value, c0, a00);
                    a01 = T.Fma(value, c1, a01);
                    value = T.Create(x1[at]);
                    a10 = T.Fma(value, c0, a10);
                    a11 = T.Fma(value, c1, a11);
                    at++;
                }
                while (--steps > 0);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        T.Store(a01, y + 16);
        y += stride;
        T.Store(a10, y);
        T.Store(a11, y + 16);
    }

    /// <summary>Four rows by 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourRows(byte* panel, float* x, int inputs, float* y, nint stride)
    {
        T a00 = T.Create(0f), a01 = a00, a10 = a00, a11 = a00, a20 = a00, a21 = a00, a30 = a00, a31 = a00;
        TColumns w0 = default, w1 = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        float* x1 = x + inputs;
        float* x2 = x1 + inputs;
        float* x3 = x2 + inputs;
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                do
                {
                    T c0 = w0.Next(), c1 = w1.Next();
                    var value = T.Create(x[at]);
                    a00 = T.Fma(value, c0, a00);
                    a01 = T.Fma(value, c1, a01);
                    value = T.Create(x1[at]);
                    a10 = T.Fma(value, c0, a10);
                    a11 = T.Fma(value, c1, a11);
                    value = T.Create(x2[at]);
                    a20 = T.Fma(value, c0, a20);
                    a21 = T.Fma(value, c1, a21);
                    value = T.Create(x3[at]);
                    a30 = T.Fma(value, c0, a30);
                    a31 = T.Fma(value, c1, a31);
                    at++;
                }
                while (--steps > 0);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        T.Store(a01, y + 16);
        y += stride;
        T.Store(a10, y);
        T.Store(a11, y + 16);
        y += stride;
        T.Store(a20, y);
        T.Store(a21, y + 16);
        y += stride;
        T.Store(a30, y);
        T.Store(a31, y + 16);
    }

    /// <summary>Eight rows by 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightRows(byte* panel, float* x, int inputs, float* y, nint stride)
    {
        T a00 = T.Create(0f), a01 = a00, a10 = a00, a11 = a00, a20 = a00, a21 = a00, a30 = a00, a31 = a00, a40 = a00, a41 = a00, a50 = a00, a51 = a00, a60 = a00, a61 = a00, a70 = a00, a71 = a00;
        TColumns w0 = default, w1 = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        float* x1 = x + inputs;
        float* x2 = x1 + inputs;
        float* x3 = x2 + inputs;
        float* x4 = x3 + inputs;
        float* x5 = x4 + inputs;
        float* x6 = x5 + inputs;
        float* x7 = x6 + inputs;
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                do
                {
                    T c0 = w0.Next(), c1 = w1.Next();
                    var value = T.Create(x[at]);
                    a00 = T.Fma(value, c0, a00);
                    a01 = T.Fma(value, c1, a01);
                    value = T.Create(x1[at]);
                    a10 = T.Fma(value, c0, a10);
                    a11 = T.Fma(value, c1, a11);
                    value = T.Create(x2[at]);
                    a20 = T.Fma(value, c0, a20);
                    a21 = T.Fma(value, c1, a21);
                    value = T.Create(x3[at]);
                    a30 = T.Fma(value, c0, a30);
                    a31 = T.Fma(value, c1, a31);
                    value = T.Create(x4[at]);
                    a40 = T.Fma(value, c0, a40);
                    a41 = T.Fma(value, c1, a41);
                    value = T.Create(x5[at]);
                    a50 = T.Fma(value, c0, a50);
                    a51 = T.Fma(value, c1, a51);
                    value = T.Create(x6[at]);
                    a60 = T.Fma(value, c0, a60);
                    a61 = T.Fma(value, c1, a61);
                    value = T.Create(x7[at]);
                    a70 = T.Fma(value, c0, a70);
                    a71 = T.Fma(value, c1, a71);
                    at++;
                }
                while (--steps > 0);
            }
            while (left > 0);
        }
        T.Store(a00, y);
        T.Store(a01, y + 16);
        y += stride;
        T.Store(a10, y);
        T.Store(a11, y + 16);
        y += stride;
        T.Store(a20, y);
        T.Store(a21, y + 16);
        y += stride;
        T.Store(a30, y);
        T.Store(a31, y + 16);
        y += stride;
        T.Store(a40, y);
        T.Store(a41, y + 16);
        y += stride;
        T.Store(a50, y);
        T.Store(a51, y + 16);
        y += stride;
        T.Store(a60, y);
        T.Store(a61, y + 16);
        y += stride;
        T.Store(a70, y);
        T.Store(a71, y + 16);
    }
}
