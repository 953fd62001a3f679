using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// The forward pass of the decoder stack, once for training and serving: what was trained is what is served, because there is no second
/// forward to disagree with. Rows of all segments go through every projection together; attention alone looks at segments.
/// </summary>
internal sealed class DecoderPass(TransformerModel model, ComputePool pool, Arena arena, ForwardBatch batch, KvCache cache)
{
    private readonly AdapterStep? _adapters = model.AdaptersOf(pool, arena, batch);
    private readonly ModelConfiguration _configuration = model.Configuration;

    public int Rows { get; } = batch.Rows;

    /// <summary>Token embeddings, [T, D].</summary>
    public FloatBuffer Embed()
    {
        pool.Trace?.Begin("embedding");
        var x = arena.Take(Rows, _configuration.Width);
        model.Embedding.Gather(batch.TokenIds, x);
        _adapters?.Embed(batch.TokenIds, x);
        return x;
    }

    /// <summary>One layer: output = x + attention + feed-forward, or experts in its place. <paramref name="keep"/> receives what a backward pass needs.</summary>
    public void Layer(int index, FloatBuffer input, FloatBuffer output, LayerActivations keep)
    {
        var layer = model.Layers[index];
        keep.Input = input;
        (keep.InputNormed, keep.InputInverseRms) = Norm(input, layer.InputNorm, Rows, _configuration.Width);
        Attend(index, layer, keep);

        keep.Middle = TakeResult(layer, Projection.Output);
        Project(index, AdapterSite.AttentionOutput, keep.Mixed, [keep.Middle], keep);
        Add(input, keep.Middle);

        (keep.MiddleNormed, keep.MiddleInverseRms) = Norm(keep.Middle, layer.PostAttentionNorm, Rows, _configuration.Width);
        if (layer.Experts is { } experts) new ExpertForward(experts, index, pool, arena, _adapters).Run(keep.MiddleNormed, keep.Experts, output);
        else FeedForward(index, layer, keep, output);
        Add(keep.Middle, output);
    }

    /// <summary>Logits of rows of the batch. x: [rows, D], the final norm's output; logits: [rows, V].</summary>
    public void Head(ReadOnlySpan<int> rows, FloatBuffer x, Span<float> logits)
    {
        model.Head.Forward(pool, x, rows.Length, logits);
        _adapters?.AddHead(rows, x, logits);
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
        (keep.Gate, keep.Up) = (TakeResult(layer, Projection.Gate), TakeResult(layer, Projection.Up));
        Project(index, AdapterSite.FeedForwardInput, keep.MiddleNormed, [keep.Gate, keep.Up], keep);
        keep.Activated = arena.Take(keep.Gate.Length);
        pool.Trace?.Begin("swiglu");
        Kernels.SwiGlu(pool, keep.Gate, keep.Up, keep.Activated);
        Project(index, AdapterSite.FeedForwardOutput, keep.Activated, [output], keep);
    }

    private void Add(FloatBuffer x, FloatBuffer y)
    {
        pool.Trace?.Begin("residual");
        Kernels.Add(pool, x, y);
    }

    private void Attend(int index, DecoderLayer layer, LayerActivations keep)
    {
        int heads = _configuration.Heads, kvHeads = _configuration.KeyValueHeads, width = _configuration.HeadWidth;
        var (query, key) = (TakeResult(layer, Projection.Query), TakeResult(layer, Projection.Key));
        keep.Value = TakeResult(layer, Projection.Value);
        Project(index, AdapterSite.AttentionInput, keep.InputNormed, [query, key, keep.Value], keep);
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

    /// <summary>The projections of a site, [T, N] each: the base model's products, then biases, then what adapters add (E2).</summary>
    private void Project(int index, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> results, LayerActivations keep)
    {
        var layer = model.Layers[index];
        var beside = _adapters?.Begin(index, site, x, results) ?? default;
        Linear.MultiplyTogether(pool, x, Rows, layer.At(site), results, beside);
        var projections = site.Projections();
        for (int i = 0; i < projections.Length; i++) AddBias(layer[projections[i]], index, projections[i], results[i]);
        _adapters?.Add(index, site, x, results, keep);
    }

    private FloatBuffer TakeResult(DecoderLayer layer, Projection projection) => arena.Take(Rows, layer[projection].Outputs);

    private void AddBias(Linear linear, int index, Projection projection, FloatBuffer y)
    {
        if (!linear.HasBias) return;
        if (_adapters?.ReplacesBias(index, projection) == true) _adapters.AddBias(index, projection, linear.Bias, y);
        else Kernels.AddBias(pool, y, linear.Bias);
    }
}
