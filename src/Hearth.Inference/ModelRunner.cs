using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>Computes steps with a <see cref="TransformerModel"/>, its KV cache and a compute pool.</summary>
public sealed class ModelRunner : IModelRunner
{
    private readonly TransformerModel _model;
    private readonly bool _ownsModel;
    private readonly ComputePool _pool;
    private readonly KvCache _cache;
    private readonly Arena _arena = new();

    /// <summary>A runner over a loaded model.</summary>
    /// <param name="model">The model; one pass at a time.</param>
    /// <param name="options">Cache and threads.</param>
    /// <param name="ownsModel">True: the model is freed with the runner.</param>
    public ModelRunner(TransformerModel model, ModelRunnerOptions? options = null, bool ownsModel = false)
    {
        options ??= new();
        _model = model;
        _ownsModel = ownsModel;
        MaxContext = Math.Min(options.MaxContext ?? int.MaxValue, model.Configuration.MaxPositions);
        _cache = new KvCache(model.Configuration, Math.Max(1, (options.CacheTokens + BlockSize - 1) / BlockSize));
        _pool = new ComputePool(options.Threads ?? ComputePool.DefaultThreads()) { Trace = options.Trace };
    }

    /// <summary>Loads a frozen model, which the runner owns.</summary>
    /// <param name="files">The published files; no longer needed once the model is loaded.</param>
    /// <param name="options">Cache and threads.</param>
    /// <param name="store">Packed weights that are shared with other processes; null: packed into memory of this process.</param>
    public static ModelRunner Load(ModelFiles files, ModelRunnerOptions? options = null, PackedStore? store = null) =>
        new(TransformerModel.Load(files, store), options, ownsModel: true);

    /// <summary>How the model's weights came into memory; null where they are trained.</summary>
    public WeightReport? Weights => _model.Weights;

    /// <summary>Sizes and options of the model.</summary>
    public ModelConfiguration Configuration => _model.Configuration;

    /// <inheritdoc/>
    public ComputePool? Pool => _pool;

    /// <inheritdoc/>
    public int VocabularySize => _model.Configuration.VocabularySize;

    /// <inheritdoc/>
    public int MaxContext { get; }

    /// <inheritdoc/>
    public int Blocks => _cache.Blocks;

    /// <inheritdoc/>
    public int BlockSize => Kernels.KvBlock;

    /// <inheritdoc/>
    public void Forward(StepPlan plan, Span<float> logits)
    {
        _pool.Trace?.Begin("batch");
        foreach (var copy in plan.Copies) _cache.CopyBlock(copy.From, copy.To);
        var segments = new AttentionSegment[plan.Sequences.Length];
        var adapters = new AdapterWeights?[segments.Length];
        for (int i = 0; i < segments.Length; i++)
        {
            var part = plan.Sequences[i];
            segments[i] = new(part.FirstRow, part.Count, part.FirstPosition, part.TableStart);
            adapters[i] = part.Addon?.Adapter;
        }
        var rows = new int[plan.Rows.Length];
        for (int i = 0; i < rows.Length; i++) rows[i] = plan.Rows[i].Row;
        var batch = new ForwardBatch
        {
            TokenIds = plan.TokenIds.ToArray(),
            Positions = plan.Positions.ToArray(),
            BlockTable = plan.BlockTable.ToArray(),
            Segments = segments,
            Adapters = adapters,
            LogitRows = rows,
        };
        _model.Forward(_pool, _arena, batch, _cache, logits);
    }

    /// <summary>Frees cache and threads, and the model where it is owned.</summary>
    public void Dispose()
    {
        _pool.Dispose();
        _cache.Dispose();
        _arena.Dispose();
        if (_ownsModel) _model.Dispose();
    }
}
