using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// The forward pass of the decoder stack, once for training and serving: what was trained is what is served, because there is no second
/// forward to disagree with. Rows of all segments go through every projection together; attention alone looks at segments.
/// </summary>
internal sealed class DecoderPass(TransformerModel model, ComputePool pool, Arena arena, ForwardBatch batch, KvCache cache)
{
    private readonly AdapterRun[] _runs = AdapterRun.Of(batch);
    private readonly ModelConfiguration _configuration = model.Configuration;

    public int Rows { get; } = batch.Rows;

    /// <summary>Token embeddings, [T, D].</summary>
    public FloatBuffer Embed()
    {
        pool.Trace?.Begin("embedding");
        var x = arena.Take(Rows, _configuration.Width);
        model.Embedding.Gather(batch.TokenIds, x);
        return x;
    }

    /// <summary>One layer: output = x + attention + feed-forward, or experts in its place. <paramref name="keep"/> receives what a backward pass needs.</summary>
    public void Layer(int index, FloatBuffer input, FloatBuffer output, LayerActivations keep)
    {
        var layer = model.Layers[index];
        keep.Input = input;
        (keep.InputNormed, keep.InputInverseRms) = Norm(input, layer.InputNorm, Rows, _configuration.Width);
        Attend(index, layer, keep);

        keep.Middle = Project(layer, index, Projection.Output, keep.Mixed, keep);
        Add(input, keep.Middle);

        (keep.MiddleNormed, keep.MiddleInverseRms) = Norm(keep.Middle, layer.PostAttentionNorm, Rows, _configuration.Width);
        if (layer.Experts is { } experts) new ExpertForward(experts, index, pool, arena, _runs).Run(keep.MiddleNormed, keep.Experts, output);
        else FeedForward(index, layer, keep, output);
        Add(keep.Middle, output);
    }

    /// <summary>RMS norm of rows of width <paramref name="width"/>; a new buffer and the inverse RMS of each row.</summary>
    public (FloatBuffer Normed, FloatBuffer InverseRms) Norm(FloatBuffer x, NormWeight weight, int rows, int width)
    {
        pool.Trace?.Begin("norm");
        var normed = arena.Take(rows, width);
        var inverseRms = arena.Take(rows);
        Kernels.RmsNorm(pool, x, weight.Values, _configuration.RmsEpsilon, normed, inverseRms);
        return (normed, inverseRms);
    }

    private void FeedForward(int index, DecoderLayer layer, LayerActivations keep, FloatBuffer output)
    {
        keep.Gate = Project(layer, index, Projection.Gate, keep.MiddleNormed, keep);
        keep.Up = Project(layer, index, Projection.Up, keep.MiddleNormed, keep);
        keep.Activated = arena.Take(keep.Gate.Length);
        pool.Trace?.Begin("swiglu");
        Kernels.SwiGlu(pool, keep.Gate, keep.Up, keep.Activated);
        Project(layer, index, Projection.Down, keep.Activated, keep, output);
    }

    private void Add(FloatBuffer x, FloatBuffer y)
    {
        pool.Trace?.Begin("residual");
        Kernels.Add(pool, x, y);
    }

    private void Attend(int index, DecoderLayer layer, LayerActivations keep)
    {
        int heads = _configuration.Heads, kvHeads = _configuration.KeyValueHeads, width = _configuration.HeadWidth;
        var query = Project(layer, index, Projection.Query, keep.InputNormed, keep);
        var key = Project(layer, index, Projection.Key, keep.InputNormed, keep);
        keep.Value = Project(layer, index, Projection.Value, keep.InputNormed, keep);
        if (!layer.QueryNorm.IsAbsent)
        {
            (keep.QueryRaw, keep.KeyRaw) = (query, key);
            (query, keep.QueryInverseRms) = Norm(query, layer.QueryNorm, Rows * heads, width);
            (key, keep.KeyInverseRms) = Norm(key, layer.KeyNorm, Rows * kvHeads, width);
        }
        if (model.UsesRotary(index))
        {
            pool.Trace?.Begin("rotary");
            Kernels.Rotary(pool, query, heads, width, batch.Positions, model.Rotary);
            Kernels.Rotary(pool, key, kvHeads, width, batch.Positions, model.Rotary);
        }
        (keep.Query, keep.Key) = (query, key);

        var store = cache.Layer(index);
        pool.Trace?.Begin("kv write");
        Kernels.WriteKeysValues(pool, key, keep.Value, batch.Segments, batch.BlockTable, store);
        keep.Mixed = arena.Take(Rows, heads * width);
        keep.LogSumExp = arena.Take(Rows, heads);
        pool.Trace?.Begin("attention", AttentionFlops(), AttentionBytes());
        Kernels.Attention(pool, query, batch.Segments, batch.BlockTable, store, model.AttentionShape(index), keep.Mixed, keep.LogSumExp);
    }

    // QK' and PV over the positions that each row sees.
    private double AttentionFlops()
    {
        double visible = 0;
        foreach (int position in batch.Positions) visible += position + 1;
        return 4 * visible * _configuration.Heads * _configuration.HeadWidth;
    }

    // Keys and values once for each 64 rows and head (a single row's heads share them).
    private double AttentionBytes()
    {
        double positions = 0;
        foreach (var segment in batch.Segments)
        {
            double passes = segment.QueryCount == 1 ? _configuration.KeyValueHeads : _configuration.Heads * Math.Ceiling(segment.QueryCount / 64.0) / 2;
            positions += passes * (segment.FirstPosition + segment.QueryCount);
        }
        return positions * 2 * _configuration.HeadWidth * sizeof(float);
    }

    private FloatBuffer Project(DecoderLayer layer, int index, Projection projection, FloatBuffer x, LayerActivations keep, FloatBuffer into = default)
    {
        var linear = layer[projection];
        var y = into.IsEmpty ? arena.Take(Rows, linear.Outputs) : into;
        linear.Forward(pool, x, Rows, y);
        foreach (var run in _runs)
        {
            if (run.Adapter.Pair(index, projection) is not { } pair) continue;
            var u = arena.Take(run.Count, pair.Rank);
            var mark = arena.Mark();
            var scratch = arena.Take(run.Count, linear.Outputs);
            pair.Forward(pool, RowsOf(x, run, linear.Inputs), run.Count, RowsOf(y, run, linear.Outputs), u, scratch);
            arena.Release(mark);
            keep.LowRank[(int)projection] = u; // training has one adapter over all rows, so the last run is the only one
        }
        return y;
    }

    private static Span<float> RowsOf(FloatBuffer buffer, AdapterRun run, int width) => buffer.Span.Slice(run.Start * width, run.Count * width);
}
