using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// An adapter as it is served: laid out once for the products of a step (<see cref="Kernels.AddLowRank"/>), never changed. What is trained is a <see cref="LoraAdapter"/>;
/// both give the same bits.
/// </summary>
public sealed class AdapterWeights : IDisposable
{
    private const int ExpertSites = 2; // gate and up, down

    private readonly NativeBlock _block;
    private readonly LowRankSite?[] _sites; // [layer][site], then the head's
    private readonly LowRankSite?[]?[] _expertSites; // [layer][expert, site]
    private readonly float[]?[] _biases; // [layer][projection]

    private AdapterWeights(ModelConfiguration configuration, AdapterContent content)
    {
        Hash = content.ComputeHash();
        var layout = new AdapterLayout(configuration, content);
        _block = new NativeBlock(layout.Floats * sizeof(float));
        (_sites, _expertSites) = layout.Pack(_block);
        _biases = new float[]?[configuration.Layers * ProjectionNames.Count];
        for (int i = 0; i < _biases.Length && content.Biases.Count > 0; i++)
            _biases[i] = content.Biases.GetValueOrDefault(((Projection)(i % ProjectionNames.Count)).ModulePath(i / ProjectionNames.Count));
        if (content.Head is { } head) Head = PackedWeight.PackFloat32(head, configuration.VocabularySize, configuration.Width);
        if (content.EmbeddingTable is not null || content.TokenRows.Count > 0 || content.Embedding is not null) Embedding = new AdapterEmbedding(content);
        Bytes = _block.Bytes + (Head?.Bytes ?? 0) + (Embedding?.Bytes ?? 0) + sizeof(float) * content.Biases.Values.Sum(bias => (long)bias.Length);
        HasBiases = content.Biases.Count > 0;
    }

    /// <summary>SHA-256 of all that the adapter changes; see <see cref="AdapterContent.ComputeHash"/>.</summary>
    public string Hash { get; }

    /// <summary>Memory held.</summary>
    public long Bytes { get; }

    /// <summary>An output head in place of the base model's; null: the base model's.</summary>
    internal PackedWeight? Head { get; }

    /// <summary>Changed embeddings; null: the base model's.</summary>
    internal AdapterEmbedding? Embedding { get; }

    /// <summary>The low-rank update of the output head.</summary>
    internal LowRankSite? HeadSite => _sites[^1];

    /// <summary>Whether some bias of the base model is replaced.</summary>
    internal bool HasBiases { get; }

    /// <summary>The low-rank updates at a site, or null where there are none.</summary>
    internal LowRankSite? Site(int layer, AdapterSite site) => _sites[layer * AdapterSites.Count + (int)site];

    /// <summary>Whether experts of a layer are changed.</summary>
    internal bool HasExperts(int layer) => _expertSites[layer] is not null;

    /// <summary>The low-rank updates of an expert at a site of the feed-forward, or null where there are none.</summary>
    internal LowRankSite? Site(int layer, int expert, AdapterSite site) => _expertSites[layer]?[expert * ExpertSites + (site - AdapterSite.FeedForwardInput)];

    /// <summary>The bias in place of the base model's, or null.</summary>
    internal float[]? Bias(int layer, Projection projection) => _biases[layer * ProjectionNames.Count + (int)projection];

    /// <summary>Reads a PEFT folder, checks it against the model and lays it out.</summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="configuration">Configuration of the base model.</param>
    /// <param name="baseFiles">The base model's files: where an adapter carries a copy of its head or embeddings, equal ones are not kept.</param>
    /// <exception cref="InvalidDataException">The adapter is broken or does not fit; the message names the fault.</exception>
    /// <exception cref="NotSupportedException">The adapter uses something that is not supported; the message names it.</exception>
    /// <exception cref="FileNotFoundException">A file of the adapter is missing.</exception>
    public static AdapterWeights Load(string folder, ModelConfiguration configuration, ModelFiles? baseFiles = null) =>
        new(configuration, AdapterFiles.Load(folder, configuration, baseFiles: baseFiles).Content);

    /// <summary>About the memory that a folder's adapter will take: its values as float32.</summary>
    /// <exception cref="FileNotFoundException">The weights are missing.</exception>
    /// <exception cref="InvalidDataException">The weights are no sound safetensors file.</exception>
    public static long EstimateBytes(string folder)
    {
        using var weights = AdapterFiles.OpenWeights(folder);
        return weights.Names.Sum(name => weights.Get(name).Count) * sizeof(float);
    }

    /// <summary>Lays out what an adapter changes.</summary>
    /// <exception cref="NotSupportedException">It changes a module that adapters have no place in.</exception>
    public static AdapterWeights Of(AdapterContent content, ModelConfiguration configuration) => new(configuration, content);

    /// <summary>A copy of a trained adapter as it is now.</summary>
    public static AdapterWeights Of(LoraAdapter adapter) => new(adapter.Configuration, new AdapterContent { Modules = adapter.Modules() });

    /// <summary>Frees the memory. No step may use it.</summary>
    public void Dispose()
    {
        _block.Dispose();
        Head?.Dispose();
    }
}
