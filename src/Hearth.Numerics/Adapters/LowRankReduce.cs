using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>The product with A of one run of rows.</summary>
internal unsafe struct LowRankPart
{
    private const int ChunkRows = 64;

    /// <summary>[Panels][K][16].</summary>
    public float* A;
    /// <summary>Ax, [Count, Panels * 16]; room for a whole number of four rows.</summary>
    public float* U;
    /// <summary>Rows of x.</summary>
    public int* Rows;
    public int Count;
    public int Panels;
    /// <summary>Its first work item.</summary>
    public int Item;

    public readonly int Items => PanelPairs * ((Count + ChunkRows - 1) / ChunkRows);

    private readonly int PanelPairs => (Panels + 1) / 2;

    /// <summary>Two panels by some rows.</summary>
    public readonly (int Panel, int Row, int End) Place(int item)
    {
        int row = (item - Item) / PanelPairs * ChunkRows;
        return ((item - Item) % PanelPairs * 2, row, Math.Min(Count, row + ChunkRows));
    }
}

/// <summary>u = Ax, a chain over k for each column (E1).</summary>
internal readonly unsafe struct LowRankReduce(LowRankPart* parts, int count, float* x, int inputs) : ILaneWork
{
    public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
    {
        int index = count - 1;
        while (parts[index].Item > item) index--;
        var part = parts[index];
        var (panel, row, end) = part.Place(item);
        float* a = part.A + (nint)panel * inputs * LowRankSite.Lanes;
        nint stride = part.Panels * LowRankSite.Lanes;
        bool two = panel + 1 < part.Panels;
        for (; row < end; row += 4)
        {
            float* u = part.U + row * stride + panel * LowRankSite.Lanes;
            float* x0 = x + (nint)part.Rows[row] * inputs;
            if (end - row == 1)
            {
                if (two) OneRow<T>(a, x0, inputs, u);
                else OneRowOnePanel<T>(a, x0, inputs, u);
                continue;
            }
            // Rows past the end repeat the last one; their results go to the padding.
            float* x1 = x + (nint)part.Rows[Math.Min(row + 1, end - 1)] * inputs;
            float* x2 = x + (nint)part.Rows[Math.Min(row + 2, end - 1)] * inputs;
            float* x3 = x + (nint)part.Rows[Math.Min(row + 3, end - 1)] * inputs;
            if (two && T.IsOneRegister)
            {
                FourRows<T>(a, x0, x1, x2, x3, inputs, u, stride);
                continue;
            }
            FourRowsOnePanel<T>(a, x0, x1, x2, x3, inputs, u, stride);
            if (two) FourRowsOnePanel<T>(a + (nint)inputs * LowRankSite.Lanes, x0, x1, x2, x3, inputs, u + LowRankSite.Lanes, stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRow<T>(float* a, float* x, nint inputs, float* u) where T : unmanaged, ILanes<T>
    {
        float* b = a + inputs * 16;
        var ua = T.Create(0);
        var ub = T.Create(0);
        for (float* end = x + inputs; x < end; x++, a += 16, b += 16)
        {
            var value = T.Create(*x);
            ua = T.Fma(value, T.Load(a), ua);
            ub = T.Fma(value, T.Load(b), ub);
        }
        T.Store(ua, u);
        T.Store(ub, u + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneRowOnePanel<T>(float* a, float* x, nint inputs, float* u) where T : unmanaged, ILanes<T>
    {
        var ua = T.Create(0);
        for (float* end = x + inputs; x < end; x++, a += 16) ua = T.Fma(T.Create(*x), T.Load(a), ua);
        T.Store(ua, u);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<T>(float* a, float* x0, float* x1, float* x2, float* x3, nint inputs, float* u, nint stride) where T : unmanaged, ILanes<T>
    {
        float* b = a + inputs * 16;
        var a0 = T.Create(0);
        var a1 = T.Create(0);
        var a2 = T.Create(0);
        var a3 = T.Create(0);
        var b0 = T.Create(0);
        var b1 = T.Create(0);
        var b2 = T.Create(0);
        var b3 = T.Create(0);
        for (nint k = 0; k < inputs; k++, a += 16, b += 16)
        {
            var wa = T.Load(a);
            var wb = T.Load(b);
            var value = T.Create(x0[k]);
            a0 = T.Fma(value, wa, a0);
            b0 = T.Fma(value, wb, b0);
            value = T.Create(x1[k]);
            a1 = T.Fma(value, wa, a1);
            b1 = T.Fma(value, wb, b1);
            value = T.Create(x2[k]);
            a2 = T.Fma(value, wa, a2);
            b2 = T.Fma(value, wb, b2);
            value = T.Create(x3[k]);
            a3 = T.Fma(value, wa, a3);
            b3 = T.Fma(value, wb, b3);
        }
        Store(a0, b0, u);
        Store(a1, b1, u + stride);
        Store(a2, b2, u + 2 * stride);
        Store(a3, b3, u + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRowsOnePanel<T>(float* a, float* x0, float* x1, float* x2, float* x3, nint inputs, float* u, nint stride) where T : unmanaged, ILanes<T>
    {
        var a0 = T.Create(0);
        var a1 = T.Create(0);
        var a2 = T.Create(0);
        var a3 = T.Create(0);
        for (nint k = 0; k < inputs; k++, a += 16)
        {
            var w = T.Load(a);
            a0 = T.Fma(T.Create(x0[k]), w, a0);
            a1 = T.Fma(T.Create(x1[k]), w, a1);
            a2 = T.Fma(T.Create(x2[k]), w, a2);
            a3 = T.Fma(T.Create(x3[k]), w, a3);
        }
        T.Store(a0, u);
        T.Store(a1, u + stride);
        T.Store(a2, u + 2 * stride);
        T.Store(a3, u + 3 * stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(T first, T second, float* u) where T : unmanaged, ILanes<T>
    {
        T.Store(first, u);
        T.Store(second, u + 16);
    }
}
