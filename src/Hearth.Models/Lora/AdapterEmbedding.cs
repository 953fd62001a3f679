using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Embeddings as an adapter changes them: another table, other rows for some tokens, then a low-rank update h = fma(s, B A[:, id], h).</summary>
internal sealed class AdapterEmbedding
{
    private readonly float[]? _table;
    private readonly IReadOnlyDictionary<int, ReadOnlyMemory<float>> _rows;
    private readonly AdapterModule? _update;
    private readonly float[] _columns; // A transposed, [V, R]

    public AdapterEmbedding(AdapterContent content)
    {
        (_table, _rows, _update) = (content.EmbeddingTable, content.TokenRows, content.Embedding);
        _columns = _update is null ? [] : Transposed(_update.A.Span, _update.Rank, _update.Inputs);
        if (_update is not null) _update = _update with { A = default };
        Bytes = sizeof(float) * ((_table?.LongLength ?? 0) + _columns.LongLength + (_update?.B.Length ?? 0) + _rows.Values.Sum(row => (long)row.Length));
    }

    public long Bytes { get; }

    /// <summary>Changes the embeddings of rows that use the adapter. x: [T, D], holding the base model's.</summary>
    public void Apply(ComputePool pool, Arena arena, ReadOnlySpan<int> tokenIds, ReadOnlySpan<int> rows, FloatBuffer x)
    {
        int width = x.Length / tokenIds.Length;
        foreach (int row in rows)
        {
            int id = tokenIds[row];
            if (_rows.TryGetValue(id, out var own)) own.Span.CopyTo(x.Span.Slice(row * width, width));
            else if (_table is not null) _table.AsSpan(id * width, width).CopyTo(x.Span.Slice(row * width, width));
        }
        if (_update is not null) Update(_update, pool, arena, tokenIds, rows, x, width);
    }

    private void Update(AdapterModule update, ComputePool pool, Arena arena, ReadOnlySpan<int> tokenIds, ReadOnlySpan<int> rows, FloatBuffer x, int width)
    {
        var mark = arena.Mark();
        var u = arena.Take(rows.Length, update.Rank);
        var change = arena.Take(rows.Length, width);
        for (int i = 0; i < rows.Length; i++) _columns.AsSpan(tokenIds[rows[i]] * update.Rank, update.Rank).CopyTo(u.Span[(i * update.Rank)..]);
        Kernels.MatMul(pool, u, rows.Length, update.B.Span, width, update.Rank, change);
        for (int i = 0; i < rows.Length; i++) Kernels.AddScaled(pool, change.Span.Slice(i * width, width), update.Scale, x.Span.Slice(rows[i] * width, width));
        arena.Release(mark);
    }

    private static float[] Transposed(ReadOnlySpan<float> a, int rank, int vocabulary)
    {
        var columns = new float[a.Length];
        for (int r = 0; r < rank; r++)
            for (int id = 0; id < vocabulary; id++) columns[id * rank + r] = a[r * vocabulary + id];
        return columns;
    }
}
