using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// Forward and backward over one micro-batch. Trains either an adapter above frozen weights or the weights themselves; the forward is
/// <see cref="DecoderPass"/>, the same one that serves. Every backward step is written by hand beside what it undoes.
/// </summary>
public sealed class TrainingPass : IDisposable
{
    private readonly TransformerModel _model;
    private readonly LoraAdapter? _adapter;
    private readonly ComputePool _pool;
    private readonly Arena _arena = new();
    private readonly List<LayerActivations> _kept = [];
    private KvCache? _cache;

    /// <summary>Trains <paramref name="adapter"/>, or the model's own parameters where it is null.</summary>
    /// <exception cref="ArgumentException">Neither is there to train.</exception>
    public TrainingPass(TransformerModel model, LoraAdapter? adapter, ComputePool pool)
    {
        if (adapter is null && model.Parameters is null)
            throw new ArgumentException("TrainingPass: the model is frozen and there is no adapter; load it with LoadTrainable or give an adapter.");
        _model = model;
        _adapter = adapter;
        _pool = pool;
        for (int i = 0; i < model.Layers.Count; i++) _kept.Add(new LayerActivations());
    }

    /// <summary>What is trained.</summary>
    public ParameterSet Parameters => _adapter?.Parameters ?? _model.Parameters!;

    /// <summary>Floats of scratch memory held; for memory reports.</summary>
    public long ScratchFloats => _arena.Capacity;

    private int Width => _model.Configuration.Width;

    /// <summary>
    /// Writes the log-probability of each row's target into <paramref name="logprobs"/> ([T]; 0 where the weight is 0) and, where <paramref name="leaves"/>
    /// is not empty, the gradient of -sum(weight * logprob) of each leaf.
    /// </summary>
    /// <returns>-sum(weight * logprob), added in double over rows ascending.</returns>
    public double Run(TrainingBatch batch, Span<float> logprobs, ReadOnlySpan<ParameterGradients> leaves)
    {
        if (!leaves.IsEmpty && leaves.Length != batch.Leaves.Length)
            throw new ArgumentException($"TrainingPass: {leaves.Length} gradient leaves for {batch.Leaves.Length} leaves of rows.");
        if (_model.Parameters != null && _adapter is null && batch.Leaves.Length > 1 && !leaves.IsEmpty)
            throw new ArgumentException("TrainingPass: full-weight training takes one leaf a micro-batch.");
        _arena.Reset();
        if (_cache is null || _cache.Blocks < batch.Blocks)
        {
            _cache?.Dispose();
            _cache = new KvCache(_model.Configuration, batch.Blocks);
        }
        var forward = batch.ToForwardBatch(_adapter);
        forward.Validate(_model.Configuration);
        var pass = new DecoderPass(_model, _pool, _arena, forward, _cache);
        var hidden = pass.Embed();
        for (int layer = 0; layer < _kept.Count; layer++)
        {
            var next = _arena.Take(hidden.Length);
            pass.Layer(layer, hidden, next, _kept[layer]);
            hidden = next;
        }
        var (normed, inverseRms) = pass.Norm(hidden, _model.FinalNorm, batch.Rows, Width);
        var dNormed = leaves.IsEmpty ? default : _arena.Take(batch.Rows, Width);
        Loss(batch, normed, logprobs, dNormed, leaves);
        if (!leaves.IsEmpty) Backward(batch, forward, hidden, inverseRms, dNormed, leaves);
        return Sum(batch.Weights, logprobs);
    }

    private void Loss(TrainingBatch batch, FloatBuffer normed, Span<float> logprobs, FloatBuffer dNormed, ReadOnlySpan<ParameterGradients> leaves)
    {
        var head = _model.Head;
        Span<float> dHead = default;
        if (head.Parameter is { } parameter && !leaves.IsEmpty && _adapter is null)
        {
            dHead = leaves[0].Of(parameter);
            dHead.Clear();
        }
        if (head.Packed is { } packed)
            Kernels.CrossEntropy(_pool, _arena, normed, batch.Rows, packed, batch.Targets, batch.Weights, logprobs, dNormed, dHead);
        else
            Kernels.CrossEntropy(_pool, _arena, normed, batch.Rows, head.Master, head.Outputs, head.Inputs, batch.Targets, batch.Weights, logprobs, dNormed, dHead);
    }

    private void Backward(TrainingBatch batch, ForwardBatch forward, FloatBuffer hidden, FloatBuffer inverseRms, FloatBuffer dNormed, ReadOnlySpan<ParameterGradients> leaves)
    {
        var dx = _arena.Take(batch.Rows, Width);
        NormBackward(dNormed, hidden, _model.FinalNorm, inverseRms, dx, accumulate: false, leaves);
        for (int layer = _kept.Count - 1; layer >= 0; layer--)
        {
            var mark = _arena.Mark();
            new LayerBackward(this, batch, forward, layer, leaves).Run(dx);
            _arena.Release(mark);
        }
        if (_adapter is null && _model.Embedding.Parameter is { } embedding)
        {
            var dTable = leaves[0].Of(embedding);
            if (!ReferenceEquals(_model.Head, _model.Embedding)) dTable.Span.Clear(); // tied: continues the head's gradient
            Kernels.EmbeddingBackward(_pool, forward.TokenIds, dx, dTable);
        }
    }

    private void NormBackward(FloatBuffer dy, FloatBuffer x, NormWeight weight, FloatBuffer inverseRms, FloatBuffer dx, bool accumulate, ReadOnlySpan<ParameterGradients> leaves)
    {
        var dWeight = weight.Parameter is { } parameter && _adapter is null ? leaves[0].Of(parameter) : default;
        Kernels.RmsNormBackward(_pool, dy, x, weight.Values, inverseRms, dx, dWeight, accumulate);
    }

    private static double Sum(float[] weights, ReadOnlySpan<float> logprobs)
    {
        double sum = 0;
        for (int t = 0; t < weights.Length; t++)
            if (weights[t] != 0) sum -= (double)weights[t] * logprobs[t];
        return sum;
    }

    /// <summary>Frees scratch memory; model and adapter stay.</summary>
    public void Dispose()
    {
        _arena.Dispose();
        _cache?.Dispose();
    }

    /// <summary>The backward pass of one layer; dx enters as the gradient of its output and leaves as that of its input, [T, D].</summary>
    private readonly ref struct LayerBackward(TrainingPass pass, TrainingBatch batch, ForwardBatch forward, int index, ReadOnlySpan<ParameterGradients> leaves)
    {
        private readonly ReadOnlySpan<ParameterGradients> _leaves = leaves;
        private readonly DecoderLayer _layer = pass._model.Layers[index];
        private readonly LayerActivations _kept = pass._kept[index];

        private Arena Arena => pass._arena;
        private ComputePool Pool => pass._pool;

        // Below the first layer nothing is trained in a LoRA job, so its input's gradient is never needed.
        private bool NeedsInputGradient => index > 0 || pass._adapter is null;

        public void Run(FloatBuffer dx)
        {
            FeedForward(dx);
            Attention(dx);
        }

        private void FeedForward(FloatBuffer dx)
        {
            var dNormed = Arena.Take(dx.Length);
            if (_layer.Experts is { } experts) new ExpertBackward(experts, index, pass._adapter, Pool, Arena, batch.Leaves, _leaves).Run(dx, _kept.MiddleNormed, _kept.Experts, dNormed);
            else Dense(dx, dNormed);
            pass.NormBackward(dNormed, _kept.Middle, _layer.PostAttentionNorm, _kept.MiddleInverseRms, dx, accumulate: true, _leaves);
        }

        private void Dense(FloatBuffer dx, FloatBuffer dNormed)
        {
            var dActivated = Arena.Take(_kept.Activated.Length);
            ProjectionBackward(Projection.Down, dx, _kept.Activated, dActivated, accumulate: false);
            var dGate = Arena.Take(_kept.Gate.Length);
            var dUp = Arena.Take(_kept.Up.Length);
            Kernels.SwiGluBackward(Pool, dActivated, _kept.Gate, _kept.Up, dGate, dUp);
            ProjectionBackward(Projection.Gate, dGate, _kept.MiddleNormed, dNormed, accumulate: false);
            ProjectionBackward(Projection.Up, dUp, _kept.MiddleNormed, dNormed, accumulate: true);
        }

        private void Attention(FloatBuffer dx)
        {
            var configuration = pass._model.Configuration;
            int heads = configuration.Heads, kvHeads = configuration.KeyValueHeads, width = configuration.HeadWidth;
            var dMixed = Arena.Take(_kept.Mixed.Length);
            ProjectionBackward(Projection.Output, dx, _kept.Mixed, dMixed, accumulate: false);

            var dQuery = Arena.Take(_kept.Query.Length);
            var dKey = Arena.Take(_kept.Key.Length);
            var dValue = Arena.Take(_kept.Value.Length);
            Kernels.AttentionBackward(Pool, _kept.Query, _kept.Key, _kept.Value, forward.Segments, pass._model.AttentionShape(index),
                _kept.Mixed, dMixed, _kept.LogSumExp, dQuery, dKey, dValue, Arena);
            if (pass._model.UsesRotary(index))
            {
                Kernels.RotaryBackward(Pool, dQuery, heads, width, forward.Positions, pass._model.Rotary);
                Kernels.RotaryBackward(Pool, dKey, kvHeads, width, forward.Positions, pass._model.Rotary);
            }
            if (!_layer.QueryNorm.IsAbsent)
            {
                dQuery = HeadNormBackward(dQuery, _kept.QueryRaw, _layer.QueryNorm, _kept.QueryInverseRms);
                dKey = HeadNormBackward(dKey, _kept.KeyRaw, _layer.KeyNorm, _kept.KeyInverseRms);
            }

            var dNormed = NeedsInputGradient ? Arena.Take(dx.Length) : default;
            ProjectionBackward(Projection.Query, dQuery, _kept.InputNormed, dNormed, accumulate: false);
            ProjectionBackward(Projection.Key, dKey, _kept.InputNormed, dNormed, accumulate: true);
            ProjectionBackward(Projection.Value, dValue, _kept.InputNormed, dNormed, accumulate: true);
            if (NeedsInputGradient)
                pass.NormBackward(dNormed, _kept.Input, _layer.InputNorm, _kept.InputInverseRms, dx, accumulate: true, _leaves);
        }

        private FloatBuffer HeadNormBackward(FloatBuffer dy, FloatBuffer x, NormWeight weight, FloatBuffer inverseRms)
        {
            var dx = Arena.Take(dy.Length);
            pass.NormBackward(dy, x, weight, inverseRms, dx, accumulate: false, _leaves);
            return dx;
        }

        /// <summary>dx (where wanted) and the weight gradients of one projection. dy: [T, out], x: [T, in].</summary>
        private void ProjectionBackward(Projection projection, FloatBuffer dy, FloatBuffer x, FloatBuffer dx, bool accumulate)
        {
            var linear = _layer[projection];
            if (!dx.IsEmpty) linear.BackwardInput(Pool, dy, batch.Rows, dx, accumulate);
            if (pass._adapter?.Pair(index, projection) is { } pair) AdapterBackward(pair, projection, dy, x, dx);
            else if (pass._adapter is null && linear.Parameter is { } parameter)
                Kernels.MatMulBackwardWeight(Pool, dy, x, batch.Rows, linear.Outputs, linear.Inputs, _leaves[0].Of(parameter), accumulate: false);
        }

        private void AdapterBackward(LoraPair pair, Projection projection, FloatBuffer dy, FloatBuffer x, FloatBuffer dx)
        {
            var u = _kept.LowRank[(int)projection];
            var du = Arena.Take(batch.Rows, pair.Rank);
            pair.BackwardInput(Pool, dy, batch.Rows, dx, du);
            for (int leaf = 0; leaf < _leaves.Length; leaf++)
            {
                var (start, count) = batch.Leaves[leaf];
                pair.BackwardWeights(Pool, Part(dy, start, count, pair.Outputs), Part(x, start, count, pair.Inputs), Part(u, start, count, pair.Rank),
                    Part(du, start, count, pair.Rank), count, _leaves[leaf]);
            }
        }

        private static ReadOnlySpan<float> Part(FloatBuffer buffer, int start, int count, int width) => buffer.Span.Slice(start * width, count * width);
    }
}
