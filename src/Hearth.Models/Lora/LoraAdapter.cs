using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>The low-rank matrices of one adapter, float32, and where they attach.</summary>
public sealed class LoraAdapter : IDisposable
{
    private const int ExpertProjections = 3;

    private readonly LoraPair?[][] _pairs; // [layer][projection]
    private readonly LoraPair?[]?[] _expertPairs; // [layer][expert, projection]

    private LoraAdapter(ModelConfiguration configuration, ParameterSet parameters, LoraPair?[][] pairs, LoraPair?[]?[] expertPairs, int rank, float alpha)
    {
        Configuration = configuration;
        Parameters = parameters;
        _pairs = pairs;
        _expertPairs = expertPairs;
        Rank = rank;
        Alpha = alpha;
    }

    /// <summary>All A and B matrices under PEFT's names.</summary>
    public ParameterSet Parameters { get; }
    /// <summary>R as the configuration states it.</summary>
    public int Rank { get; }
    /// <summary>Alpha as the configuration states it.</summary>
    public float Alpha { get; }
    /// <summary>Sizes of the base model.</summary>
    internal ModelConfiguration Configuration { get; }

    /// <summary>The update of one projection, or null where the adapter leaves it alone.</summary>
    public LoraPair? Pair(int layer, Projection projection) => _pairs[layer][(int)projection];

    /// <summary>Whether the adapter changes experts of a layer.</summary>
    public bool HasExperts(int layer) => _expertPairs[layer] is not null;

    /// <summary>The update of an expert's gate, up or down projection, or null where the adapter leaves it alone.</summary>
    public LoraPair? Pair(int layer, int expert, Projection projection) => _expertPairs[layer]?[expert * ExpertProjections + (projection - Projection.Gate)];

    /// <summary>
    /// A fresh adapter on all seven projections of a layer, on the four of attention where it has experts: A uniform in +-1/sqrt(in), B zero, so that training starts at the base model
    /// (PEFT's default, kaiming_uniform with a = sqrt(5), has the same bound).
    /// </summary>
    public static LoraAdapter Create(ModelConfiguration configuration, int rank, float alpha, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        var modules = new List<LoraModule>();
        for (int layer = 0; layer < configuration.Layers; layer++)
            for (int p = 0; p < (configuration.HasExperts(layer) ? ProjectionNames.OfAttention : ProjectionNames.Count); p++)
            {
                var (outputs, inputs) = ModelLayout.LinearShape(configuration, ((Projection)p).Module());
                modules.Add(new LoraModule(layer, (Projection)p, rank, outputs, inputs, alpha / rank));
            }
        var adapter = Build(configuration, modules, rank, alpha);
        for (int index = 0; index < adapter.Parameters.All.Count; index++)
        {
            var parameter = adapter.Parameters.All[index];
            if (!parameter.Name.EndsWith(LoraModule.SuffixA, StringComparison.Ordinal)) continue;
            double bound = 1 / Math.Sqrt(parameter.Columns);
            var values = adapter.Parameters.Of(parameter).Span;
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)((2 * CounterRandom.Uniform(seed, RandomPurpose.LoraInitialization, (ulong)index, (ulong)i) - 1) * bound);
        }
        return adapter;
    }

    /// <summary>Reads a PEFT folder and checks every shape against the model, to train it on.</summary>
    /// <exception cref="InvalidDataException">The adapter does not fit; the message names the tensor.</exception>
    /// <exception cref="NotSupportedException">The adapter changes more than the projections of the layers: it can be served, but not trained on.</exception>
    public static LoraAdapter Load(string folder, ModelConfiguration configuration) => LoraFiles.Load(folder, configuration);

    /// <summary>SHA-256 of a PEFT folder's weights, in lower-case hexadecimal.</summary>
    public static string HashOf(string folder) => LoraFiles.HashOf(folder);

    /// <summary>Writes a PEFT folder; the same values give the same bytes.</summary>
    public void Save(string folder, string baseModelName) => LoraFiles.Save(this, folder, baseModelName);

    /// <summary>True where every B is zero: the adapter changes nothing.</summary>
    public bool IsIdentity()
    {
        foreach (var parameter in Parameters.All)
            if (parameter.Name.EndsWith(LoraModule.SuffixB, StringComparison.Ordinal) && Parameters.Of(parameter).Span.ContainsAnyExcept(0f))
                return false;
        return true;
    }

    /// <summary>Copies of the matrices as they are now, in the order of the forward pass.</summary>
    internal IReadOnlyList<AdapterModule> Modules() => [.. LoraPlaces.Of(Configuration).Select(place => place.Value.Module(this, place.Key)).OfType<AdapterModule>()];

    internal static LoraAdapter Build(ModelConfiguration configuration, IReadOnlyList<LoraModule> modules, int rank, float alpha)
    {
        var shapes = new List<(string, int, int, bool)>();
        foreach (var module in modules)
        {
            shapes.Add((module.NameA, module.Rank, module.Inputs, false));
            shapes.Add((module.NameB, module.Outputs, module.Rank, false));
        }
        var parameters = ParameterSet.Create(shapes.Distinct()); // gate and up may share A
        var pairs = new LoraPair?[configuration.Layers][];
        for (int layer = 0; layer < pairs.Length; layer++) pairs[layer] = new LoraPair?[ProjectionNames.Count];
        var expertPairs = new LoraPair?[]?[configuration.Layers];
        foreach (var module in modules)
        {
            var pair = new LoraPair(parameters, parameters[module.NameA], parameters[module.NameB], module.Scale);
            if (module.Expert is not { } expert) pairs[module.Layer][(int)module.Projection] = pair;
            else (expertPairs[module.Layer] ??= new LoraPair?[configuration.Experts!.Count * ExpertProjections])[expert * ExpertProjections + (module.Projection - Projection.Gate)] = pair;
        }
        return new LoraAdapter(configuration, parameters, pairs, expertPairs, rank, alpha);
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Parameters.Dispose();
}

/// <summary>One adapted projection before its matrices exist.</summary>
internal sealed record LoraModule(int Layer, Projection Projection, int Rank, int Outputs, int Inputs, float Scale)
{
    public const string Prefix = "base_model.model.";
    public const string SuffixA = ".lora_A.weight";
    public const string SuffixB = ".lora_B.weight";

    /// <summary>Which of the layer's experts; null outside of them.</summary>
    public int? Expert { get; init; }

    /// <summary>Module whose A this one uses: that of gate and up together, where they are adapted as one.</summary>
    public string? PathOfA { get; init; }

    public string NameA => Prefix + (PathOfA ?? Path) + SuffixA;
    public string NameB => Prefix + Path + SuffixB;

    private string Path => Expert is { } expert ? ModelLayout.ModulePath(Layer, ModelLayout.ExpertModule(expert, ModelLayout.ExpertModules[Projection - Projection.Gate])) : Projection.ModulePath(Layer);
}
