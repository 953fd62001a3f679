using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// A decoder-only transformer of the Llama family (Llama, Mistral, Qwen2, Qwen3, Qwen3-MoE): weights and the forward pass. Not thread-safe: one pass at a time.
/// </summary>
public sealed class TransformerModel : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _owned;
    private readonly ServedAdapters _adapters = new();

    internal TransformerModel(ModelConfiguration configuration, Linear embedding, Linear head, NormWeight finalNorm, DecoderLayer[] layers, ParameterSet? parameters,
        IReadOnlyList<IDisposable> owned)
    {
        Configuration = configuration;
        Embedding = embedding;
        Head = head;
        FinalNorm = finalNorm;
        Layers = layers;
        Parameters = parameters;
        _owned = owned;
        var frequencies = RopeFrequencies.Compute(configuration);
        Rotary = new RotaryTable(frequencies.InverseFrequencies, frequencies.AttentionFactor, Math.Min(configuration.MaxPositions, 512));
    }

    /// <summary>Sizes and options.</summary>
    public ModelConfiguration Configuration { get; }
    /// <summary>Token embeddings, [V, D].</summary>
    public Linear Embedding { get; }
    /// <summary>Output head, [V, D]; the same object as <see cref="Embedding"/> where weights are tied.</summary>
    public Linear Head { get; }
    /// <summary>Norm before the head, [D].</summary>
    public NormWeight FinalNorm { get; }
    /// <summary>Layers in order.</summary>
    public IReadOnlyList<DecoderLayer> Layers { get; }
    /// <summary>Trained tensors where the weights themselves are trained; null for a frozen model.</summary>
    public ParameterSet? Parameters { get; }

    internal RotaryTable Rotary { get; }

    /// <summary>How the frozen weights came into memory; null where weights are trained.</summary>
    public WeightReport? Weights { get; internal set; }

    /// <summary>Loads a frozen model for serving or LoRA training, its weights in the types in which the files store them.</summary>
    /// <param name="files">The published files; no longer needed once the model is loaded.</param>
    /// <param name="store">Packed weights that are mapped and shared with other processes; null: packed into memory of this process.</param>
    public static TransformerModel Load(ModelFiles files, PackedStore? store = null) =>
        TransformerLoader.LoadFrozen(files.Configuration, store?.Open(files) ?? new MemoryWeights(files));

    /// <summary>Loads a model whose weights are trained: float32 masters.</summary>
    public static TransformerModel LoadTrainable(ModelFiles files) => TransformerLoader.LoadTrainable(files);

    /// <summary>A model with freshly drawn weights (normal, standard deviation <paramref name="deviation"/>), all trained.</summary>
    public static TransformerModel CreateTrainable(ModelConfiguration configuration, ulong seed, float deviation = 0.02f) =>
        TransformerLoader.CreateTrainable(configuration, seed, deviation);

    /// <summary>Computes the logits of <see cref="ForwardBatch.LogitRows"/> and writes the batch's keys and values into the cache.</summary>
    /// <param name="arena">Scratch memory; reset here.</param>
    /// <param name="logits">[LogitRows, V].</param>
    public void Forward(ComputePool pool, Arena arena, ForwardBatch batch, KvCache cache, Span<float> logits)
    {
        batch.Validate(Configuration);
        arena.Reset();
        var pass = new DecoderPass(this, pool, arena, batch, cache);
        var hidden = pass.Embed();
        var next = arena.Take(hidden.Length);
        var keep = new LayerActivations();
        for (int layer = 0; layer < Layers.Count; layer++)
        {
            var mark = arena.Mark();
            pass.Layer(layer, hidden, next, keep);
            arena.Release(mark);
            (hidden, next) = (next, hidden);
        }
        WriteLogits(pool, arena, pass, hidden, batch.LogitRows, logits);
    }

    /// <summary>Hidden states for comparison with a reference: the input of the first layer, the output of each, and the final norm; each [T, D].</summary>
    public float[][] ComputeHiddenStates(ComputePool pool, Arena arena, ForwardBatch batch, KvCache cache)
    {
        batch.Validate(Configuration);
        arena.Reset();
        var pass = new DecoderPass(this, pool, arena, batch, cache);
        var hidden = pass.Embed();
        var states = new List<float[]> { hidden.Span.ToArray() };
        for (int layer = 0; layer < Layers.Count; layer++)
        {
            var next = arena.Take(hidden.Length);
            pass.Layer(layer, hidden, next, new LayerActivations());
            hidden = next;
            states.Add(hidden.Span.ToArray());
        }
        states.Add(pass.Norm(hidden, FinalNorm, pass.Rows, Configuration.Width).Normed.Span.ToArray());
        return [.. states];
    }

    internal AttentionShape AttentionShape(int layer) => new(
        Configuration.Heads, Configuration.KeyValueHeads, Configuration.HeadWidth, (float)(1.0 / Math.Sqrt(Configuration.HeadWidth)), Layers[layer].Window);

    // A seam: some families (SmolLM3) leave positions out on some layers.
    internal bool UsesRotary(int layer) => layer >= 0;

    /// <summary>What adapters add to a pass; null where there are none.</summary>
    internal AdapterStep? AdaptersOf(ComputePool pool, Arena arena, ForwardBatch batch)
    {
        if (batch.Trained is { } trained) return new TrainedAdapterStep(pool, arena, trained, batch.Rows);
        return _adapters.Begin(pool, arena, batch) ? _adapters : null;
    }

    private void WriteLogits(ComputePool pool, Arena arena, DecoderPass pass, FloatBuffer hidden, int[] rows, Span<float> logits)
    {
        if (rows.Length == 0) return;
        int width = Configuration.Width;
        var selected = arena.Take(rows.Length, width);
        for (int i = 0; i < rows.Length; i++)
            hidden.Span.Slice(rows[i] * width, width).CopyTo(selected.Span[(i * width)..]);
        var (normed, _) = pass.Norm(selected, FinalNorm, rows.Length, width);
        pass.Head(rows, normed, logits);
    }

    /// <summary>Frees weights.</summary>
    public void Dispose()
    {
        foreach (var layer in Layers) layer.Dispose();
        Embedding.Dispose();
        if (!ReferenceEquals(Head, Embedding)) Head.Dispose();
        foreach (var owned in _owned) owned.Dispose();
    }
}
