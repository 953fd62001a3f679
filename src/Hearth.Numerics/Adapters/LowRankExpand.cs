using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>The product with one B, and its end in y, for one run of rows.</summary>
internal unsafe struct LowRankUpdate
{
    private const int ChunkColumns = 128, ChunkRows = 128;

    /// <summary>[panels][Rank (+ 1 with a bias)][16].</summary>
    public float* B;
    /// <summary>Ax of this matrix, [Count, Rank], rows <see cref="UStride"/> apart.</summary>
    public float* U;
    public nint UStride;
    /// <summary>Rows of y.</summary>
    public int* Rows;
    public int Count;
    /// <summary>[T, Outputs].</summary>
    public float* Y;
    public int Rank;
    public int Outputs;
    public float Scale;
    public bool HasBias;
    /// <summary>Its first work item.</summary>
    public int Item;

    public readonly int Items => ColumnChunks * ((Count + ChunkRows - 1) / ChunkRows);

    private readonly int ColumnChunks => (Outputs + ChunkColumns - 1) / ChunkColumns;

    /// <summary>Of B and its bias.</summary>
    public readonly long Bytes => (long)LowRankShape.Panels(Outputs) * PanelFloats * sizeof(float);

    public readonly int PanelFloats => (Rank + (HasBias ? 1 : 0)) * LowRankSite.Lanes;

    /// <summary>Some columns by some rows.</summary>
    public readonly (int Column, int EndColumn, int Row, int EndRow) Place(int item)
    {
        int column = (item - Item) % ColumnChunks * ChunkColumns, row = (item - Item) / ColumnChunks * ChunkRows;
        return (column, Math.Min(Outputs, column + ChunkColumns), row, Math.Min(Count, row + ChunkRows));
    }
}

/// <summary>y = fma(s, Bu (+ bias), y): a chain over the rank, then the rest of E2's order, while both are in registers.</summary>
internal readonly unsafe struct LowRankExpand(LowRankUpdate* updates, int count) : ILaneWork
{
    public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
    {
        int index = count - 1;
        while (updates[index].Item > item) index--;
        ref readonly var update = ref updates[index];
        var (column, endColumn, row, endRow) = update.Place(item);
        for (; row + 4 <= endRow; row += 4) FourRows<T>(update, column, endColumn, row);
        for (; row < endRow; row++) OneRow<T>(update, column, endColumn, row);
    }

    private static void OneRow<T>(in LowRankUpdate update, int column, int end, int row) where T : unmanaged, ILanes<T>
    {
        float* u = update.U + row * update.UStride;
        float* y = update.Y + (nint)update.Rows[row] * update.Outputs;
        nint panel = update.PanelFloats;
        float* b = update.B + column / 16 * panel;
        var scale = T.Create(update.Scale);
        for (; column + 64 <= end; column += 64, b += 4 * panel) FourPanels(b, panel, u, update.Rank, update.HasBias, scale, y + column);
        for (; column < end; column += 16, b += panel) Finish(Product<T>(b, u, update.Rank, update.HasBias), scale, y + column, end - column);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourPanels<T>(float* b, nint panel, float* u, int rank, bool hasBias, T scale, float* y) where T : unmanaged, ILanes<T>
    {
        float* b1 = b + panel;
        float* b2 = b1 + panel;
        float* b3 = b2 + panel;
        var a0 = T.Create(0);
        var a1 = T.Create(0);
        var a2 = T.Create(0);
        var a3 = T.Create(0);
        nint at = 0;
        for (float* last = u + rank; u < last; u++, at += 16)
        {
            var value = T.Create(*u);
            a0 = T.Fma(value, T.Load(b + at), a0);
            a1 = T.Fma(value, T.Load(b1 + at), a1);
            a2 = T.Fma(value, T.Load(b2 + at), a2);
            a3 = T.Fma(value, T.Load(b3 + at), a3);
        }
        if (hasBias)
        {
            a0 += T.Load(b + at);
            a1 += T.Load(b1 + at);
            a2 += T.Load(b2 + at);
            a3 += T.Load(b3 + at);
        }
        T.Store(T.Fma(scale, a0, T.Load(y)), y);
        T.Store(T.Fma(scale, a1, T.Load(y + 16)), y + 16);
        T.Store(T.Fma(scale, a2, T.Load(y + 32)), y + 32);
        T.Store(T.Fma(scale, a3, T.Load(y + 48)), y + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<T>(in LowRankUpdate update, int column, int end, int row) where T : unmanaged, ILanes<T>
    {
        float* u0 = update.U + row * update.UStride;
        float* u1 = u0 + update.UStride;
        float* u2 = u1 + update.UStride;
        float* u3 = u2 + update.UStride;
        int* rows = update.Rows + row;
        nint outputs = update.Outputs, panel = update.PanelFloats;
        float* y0 = update.Y + rows[0] * outputs;
        float* y1 = update.Y + rows[1] * outputs;
        float* y2 = update.Y + rows[2] * outputs;
        float* y3 = update.Y + rows[3] * outputs;
        float* b = update.B + column / 16 * panel;
        var scale = T.Create(update.Scale);
        int rank = update.Rank;
        if (T.IsOneRegister && !update.HasBias)
        {
            for (; column + 32 <= end; column += 32)
            {
                float* c = b + panel;
                var a0 = T.Create(0);
                var a1 = T.Create(0);
                var a2 = T.Create(0);
                var a3 = T.Create(0);
                var c0 = T.Create(0);
                var c1 = T.Create(0);
                var c2 = T.Create(0);
                var c3 = T.Create(0);
                for (nint k = 0; k < rank; k++, b += 16, c += 16)
                {
                    var wb = T.Load(b);
                    var wc = T.Load(c);
                    var value = T.Create(u0[k]);
                    a0 = T.Fma(value, wb, a0);
                    c0 = T.Fma(value, wc, c0);
                    value = T.Create(u1[k]);
                    a1 = T.Fma(value, wb, a1);
                    c1 = T.Fma(value, wc, c1);
                    value = T.Create(u2[k]);
                    a2 = T.Fma(value, wb, a2);
                    c2 = T.Fma(value, wc, c2);
                    value = T.Create(u3[k]);
                    a3 = T.Fma(value, wb, a3);
                    c3 = T.Fma(value, wc, c3);
                }
                b = c;
                T.Store(T.Fma(scale, a0, T.Load(y0 + column)), y0 + column);
                T.Store(T.Fma(scale, c0, T.Load(y0 + column + 16)), y0 + column + 16);
                T.Store(T.Fma(scale, a1, T.Load(y1 + column)), y1 + column);
                T.Store(T.Fma(scale, c1, T.Load(y1 + column + 16)), y1 + column + 16);
                T.Store(T.Fma(scale, a2, T.Load(y2 + column)), y2 + column);
                T.Store(T.Fma(scale, c2, T.Load(y2 + column + 16)), y2 + column + 16);
                T.Store(T.Fma(scale, a3, T.Load(y3 + column)), y3 + column);
                T.Store(T.Fma(scale, c3, T.Load(y3 + column + 16)), y3 + column + 16);
            }
        }
        for (; column < end; column += 16, b += panel)
        {
            var a0 = T.Create(0);
            var a1 = T.Create(0);
            var a2 = T.Create(0);
            var a3 = T.Create(0);
            float* w = b;
            for (nint k = 0; k < rank; k++, w += 16)
            {
                var value = T.Load(w);
                a0 = T.Fma(T.Create(u0[k]), value, a0);
                a1 = T.Fma(T.Create(u1[k]), value, a1);
                a2 = T.Fma(T.Create(u2[k]), value, a2);
                a3 = T.Fma(T.Create(u3[k]), value, a3);
            }
            if (update.HasBias)
            {
                var bias = T.Load(w);
                a0 += bias;
                a1 += bias;
                a2 += bias;
                a3 += bias;
            }
            Finish(a0, scale, y0 + column, end - column);
            Finish(a1, scale, y1 + column, end - column);
            Finish(a2, scale, y2 + column, end - column);
            Finish(a3, scale, y3 + column, end - column);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Product<T>(float* b, float* u, int rank, bool hasBias) where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0);
        for (float* last = u + rank; u < last; u++, b += 16) sum = T.Fma(T.Create(*u), T.Load(b), sum);
        return hasBias ? sum + T.Load(b) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T>(T product, T scale, float* y, int columns) where T : unmanaged, ILanes<T>
    {
        if (columns >= 16) T.Store(T.Fma(scale, product, T.Load(y)), y);
        else T.StorePartial(T.Fma(scale, product, T.LoadPartial(y, columns)), y, columns);
    }
}
