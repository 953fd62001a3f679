using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>The adapters of a step, each with the rows of all its sequences: products go by adapter, wherever its rows lie. Its lists are kept from step to step.</summary>
internal sealed class ServedAdapters : AdapterStep
{
    private readonly List<AdapterWeights> _adapters = [];
    private ForwardBatch _batch = null!;
    private ComputePool _pool = null!;
    private Arena _arena = null!;
    private int[] _adapterOfSegment = [], _adapterOfRow = [], _starts = [], _rows = [], _slots = [], _logitRows = [];
    private LowRankRun[] _runs = [];
    private LowRankPlan _plan; // of the site between Begin and Add
    private ArenaMark _mark;
    private bool _anyBias;

    /// <summary>Takes the adapters of a batch. False: there are none.</summary>
    public bool Begin(ComputePool pool, Arena arena, ForwardBatch batch)
    {
        (_pool, _arena, _batch) = (pool, arena, batch);
        _adapters.Clear();
        _anyBias = false;
        Grow(ref _adapterOfSegment, batch.Segments.Length);
        for (int i = 0; i < batch.Segments.Length; i++) _adapterOfSegment[i] = batch.Adapters[i] is { } adapter ? IndexOf(adapter) : -1;
        if (_adapters.Count == 0) return false;
        Grow(ref _starts, _adapters.Count + 1);
        Grow(ref _runs, _adapters.Count);
        Grow(ref _rows, batch.Rows);
        Grow(ref _adapterOfRow, batch.Rows);
        for (int i = 0; i < batch.Segments.Length; i++) _adapterOfRow.AsSpan(batch.Segments[i].QueryStart, batch.Segments[i].QueryCount).Fill(_adapterOfSegment[i]);
        int count = 0;
        for (int a = 0; a < _adapters.Count; a++)
        {
            _starts[a] = count;
            for (int i = 0; i < batch.Segments.Length; i++)
            {
                if (_adapterOfSegment[i] != a) continue;
                var segment = batch.Segments[i];
                for (int row = segment.QueryStart; row < segment.QueryStart + segment.QueryCount; row++) _rows[count++] = row;
            }
        }
        _starts[_adapters.Count] = count;
        return true;
    }

    public override void Embed(ReadOnlySpan<int> tokenIds, FloatBuffer x)
    {
        for (int a = 0; a < _adapters.Count; a++) _adapters[a].Embedding?.Apply(_pool, _arena, tokenIds, RowsOf(a), x);
    }

    public override bool ReplacesBias(int layer, Projection projection)
    {
        if (!_anyBias) return false;
        foreach (var adapter in _adapters)
            if (adapter.Bias(layer, projection) is not null) return true;
        return false;
    }

    public override void AddBias(int layer, Projection projection, FloatBuffer bias, FloatBuffer y)
    {
        int width = bias.Length;
        for (int i = 0; i < _batch.Segments.Length; i++)
        {
            var segment = _batch.Segments[i];
            ReadOnlySpan<float> own = _batch.Adapters[i]?.Bias(layer, projection) is { } replaced ? replaced : bias.Span;
            Kernels.AddBias(_pool, y.Span.Slice(segment.QueryStart * width, segment.QueryCount * width), own);
        }
    }

    public override LowRankPlan Begin(int layer, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs)
    {
        int runs = 0;
        for (int a = 0; a < _adapters.Count; a++)
            if (_adapters[a].Site(layer, site) is { } own) _runs[runs++] = new(_starts[a], _starts[a + 1] - _starts[a], own);
        _mark = _arena.Mark();
        return _plan = new(_arena, x, _rows, _runs.AsSpan(0, runs), outputs);
    }

    public override void Add(int layer, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs, LayerActivations keep)
    {
        _pool.Trace?.Begin("adapters");
        _plan.Add(_pool);
        _arena.Release(_mark);
    }

    public override void AddExperts(int layer, AdapterSite site, int first, int end, in ExpertGroups groups, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs)
    {
        int runs = 0, count = 0;
        var starts = groups.Starts;
        Grow(ref _slots, starts[end] - starts[first]);
        for (int a = 0; a < _adapters.Count; a++)
        {
            if (!_adapters[a].HasExperts(layer)) continue;
            for (int expert = first; expert < end; expert++)
            {
                if (_adapters[a].Site(layer, expert, site) is not { } own) continue;
                int from = count;
                for (int slot = starts[expert]; slot < starts[expert + 1]; slot++)
                    if (_adapterOfRow[groups.Rows[slot]] == a) _slots[count++] = slot - starts[first];
                if (count == from) continue;
                if (runs == _runs.Length) Array.Resize(ref _runs, 2 * runs);
                _runs[runs++] = new(from, count - from, own);
            }
        }
        Kernels.AddLowRank(_pool, _arena, x, _slots, _runs.AsSpan(0, runs), outputs);
    }

    public override void AddHead(ReadOnlySpan<int> rows, FloatBuffer x, Span<float> logits)
    {
        if (!_adapters.Exists(adapter => adapter.Head is not null || adapter.HeadSite is not null)) return;
        Grow(ref _logitRows, rows.Length);
        for (int a = 0; a < _adapters.Count; a++)
        {
            var own = LogitRowsOf(a, rows);
            if (own.IsEmpty) continue;
            if (_adapters[a].Head is { } head) ReplaceLogits(head, own, x, logits);
            if (_adapters[a].HeadSite is { } site) Kernels.AddLowRank(_pool, _arena, x, own, new LowRankRun(0, own.Length, site), logits);
        }
    }

    private void ReplaceLogits(PackedWeight head, ReadOnlySpan<int> rows, FloatBuffer x, Span<float> logits)
    {
        var mark = _arena.Mark();
        var inputs = _arena.Take(rows.Length, head.Inputs);
        var outputs = _arena.Take(rows.Length, head.Outputs);
        for (int i = 0; i < rows.Length; i++) x.Span.Slice(rows[i] * head.Inputs, head.Inputs).CopyTo(inputs.Span[(i * head.Inputs)..]);
        Kernels.MatMul(_pool, inputs, rows.Length, head, outputs);
        for (int i = 0; i < rows.Length; i++) outputs.Span.Slice(i * head.Outputs, head.Outputs).CopyTo(logits[(rows[i] * head.Outputs)..]);
        _arena.Release(mark);
    }

    // Rows of logits are ascending rows of the batch, and so are segments.
    private ReadOnlySpan<int> LogitRowsOf(int adapter, ReadOnlySpan<int> rows)
    {
        int count = 0, segment = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            while (rows[i] >= _batch.Segments[segment].QueryStart + _batch.Segments[segment].QueryCount) segment++;
            if (_adapterOfSegment[segment] == adapter) _logitRows[count++] = i;
        }
        return _logitRows.AsSpan(0, count);
    }

    private ReadOnlySpan<int> RowsOf(int adapter) => _rows.AsSpan(_starts[adapter], _starts[adapter + 1] - _starts[adapter]);

    private int IndexOf(AdapterWeights adapter)
    {
        int index = _adapters.IndexOf(adapter);
        if (index >= 0) return index;
        _adapters.Add(adapter);
        _anyBias |= adapter.HasBiases;
        return _adapters.Count - 1;
    }

    private static void Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length) array = new T[Math.Max(length, 2 * array.Length)];
    }
}
