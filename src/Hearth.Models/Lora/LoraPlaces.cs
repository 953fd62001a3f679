using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Where modules of PEFT's files attach in an adapter, by their paths, in the order of the forward pass.</summary>
internal static class LoraPlaces
{
    public static IReadOnlyDictionary<string, LoraPlace> Of(ModelConfiguration configuration)
    {
        var places = new OrderedDictionary<string, LoraPlace>(StringComparer.Ordinal);
        for (int layer = 0; layer < configuration.Layers; layer++)
        {
            bool experts = configuration.HasExperts(layer);
            for (int p = 0; p < (experts ? ProjectionNames.OfAttention : ProjectionNames.Count); p++)
                places.Add(((Projection)p).ModulePath(layer), new LoraPlace(layer, null, (Projection)p));
            for (int expert = 0; experts && expert < configuration.Experts!.Count; expert++) AddExpert(places, layer, expert);
        }
        return places;
    }

    private static void AddExpert(OrderedDictionary<string, LoraPlace> places, int layer, int expert)
    {
        places.Add(FusedExperts.PartPath(layer, expert, FusedExperts.GateUp), new LoraPlace(layer, expert, Projection.Gate) { IsGateUp = true });
        for (int p = 0; p < ModelLayout.ExpertModules.Count; p++)
            places.Add(ModelLayout.ModulePath(layer, ModelLayout.ExpertModule(expert, ModelLayout.ExpertModules[p])), new LoraPlace(layer, expert, Projection.Gate + p));
    }
}

/// <summary>One projection of a layer or of an expert; with <see cref="IsGateUp"/> gate and up together, which share A and have B's halves.</summary>
internal sealed record LoraPlace(int Layer, int? Expert, Projection Projection)
{
    public bool IsGateUp { get; init; }

    /// <summary>What a module of a file becomes.</summary>
    public IEnumerable<LoraModule> Modules(AdapterModule module)
    {
        if (!IsGateUp) return [Of(Projection, module.Outputs, module)];
        return [Of(Projection.Gate, module.Outputs / 2, module) with { PathOfA = module.Path }, Of(Projection.Up, module.Outputs / 2, module) with { PathOfA = module.Path }];
    }

    /// <summary>Copies a module's values into the adapter.</summary>
    public void Fill(LoraAdapter adapter, AdapterModule module)
    {
        var pair = Pair(adapter, Projection)!;
        module.A.Span.CopyTo(adapter.Parameters.Of(pair.ParameterA));
        int own = adapter.Parameters.Of(pair.ParameterB).Length;
        module.B.Span[..own].CopyTo(adapter.Parameters.Of(pair.ParameterB));
        if (IsGateUp) module.B.Span[own..].CopyTo(adapter.Parameters.Of(Pair(adapter, Projection.Up)!.ParameterB));
    }

    /// <summary>The adapter's matrices here under the path of a module; null where it has none, or has them under another path.</summary>
    public AdapterModule? Module(LoraAdapter adapter, string path)
    {
        if (Pair(adapter, Projection) is not { } pair || pair.SharesA(Expert is null ? null : Pair(adapter, Projection == Projection.Up ? Projection.Gate : Projection.Up)) != IsGateUp) return null;
        var b = Values(adapter, pair.ParameterB);
        if (IsGateUp) b = [.. b, .. Values(adapter, Pair(adapter, Projection.Up)!.ParameterB)];
        return new AdapterModule
        {
            Path = path,
            Rank = pair.Rank,
            Scale = pair.Scale,
            Inputs = pair.Inputs,
            Outputs = b.Length / pair.Rank,
            A = Values(adapter, pair.ParameterA),
            B = b,
        };
    }

    private LoraModule Of(Projection projection, int outputs, AdapterModule module) =>
        new(Layer, projection, module.Rank, outputs, module.Inputs, module.Scale) { Expert = Expert };

    private LoraPair? Pair(LoraAdapter adapter, Projection projection) => Expert is { } expert ? adapter.Pair(Layer, expert, projection) : adapter.Pair(Layer, projection);

    private static float[] Values(LoraAdapter adapter, Parameter parameter) => adapter.Parameters.Of(parameter).Span.ToArray();
}
