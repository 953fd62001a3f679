using System.Security.Cryptography;

namespace Hearth.Models;

/// <summary>Moves a <see cref="LoraAdapter"/> from and to PEFT's files.</summary>
internal static class LoraFiles
{
    private const string WeightsFile = "adapter_model.safetensors";

    public static LoraAdapter Load(string folder, ModelConfiguration configuration)
    {
        var files = AdapterFiles.Load(folder, configuration);
        var places = Places(configuration);
        var modules = new List<LoraModule>();
        foreach (var module in files.Modules)
        {
            if (!places.TryGetValue(module.Path, out var place))
                throw new NotSupportedException($"The adapter changes module '{module.Path}', which is not one of the seven projections of a decoder layer.");
            modules.Add(new LoraModule(place.Layer, place.Projection, module.Rank, module.Outputs, module.Inputs, module.Scale));
        }
        var adapter = LoraAdapter.Build(configuration, modules, files.Configuration.Rank, (float)files.Configuration.Alpha, HashOf(folder));
        for (int i = 0; i < modules.Count; i++)
        {
            var pair = adapter.Pair(modules[i].Layer, modules[i].Projection)!;
            files.Modules[i].A.Span.CopyTo(adapter.Parameters.Of(pair.ParameterA));
            files.Modules[i].B.Span.CopyTo(adapter.Parameters.Of(pair.ParameterB));
        }
        return adapter;
    }

    public static void Save(LoraAdapter adapter, ModelConfiguration configuration, string folder, string baseModelName)
    {
        var modules = new List<AdapterModule>();
        for (int layer = 0; layer < configuration.Layers; layer++)
            for (int p = 0; p < ProjectionNames.Count; p++)
                if (adapter.Pair(layer, (Projection)p) is { } pair)
                    modules.Add(new AdapterModule
                    {
                        Path = ((Projection)p).ModulePath(layer),
                        Rank = pair.Rank,
                        Scale = pair.Scale,
                        Inputs = pair.Inputs,
                        Outputs = pair.Outputs,
                        A = adapter.Parameters.Of(pair.ParameterA).Span.ToArray(),
                        B = adapter.Parameters.Of(pair.ParameterB).Span.ToArray(),
                    });
        var targets = modules.Select(module => module.Path.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal);
        AdapterFiles.Save(folder, new AdapterConfiguration { BaseModel = baseModelName, Rank = adapter.Rank, Alpha = adapter.Alpha, TargetModules = [.. targets] }, modules);
    }

    public static string HashOf(string folder)
    {
        using var stream = File.OpenRead(Path.Combine(folder, WeightsFile));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static Dictionary<string, (int Layer, Projection Projection)> Places(ModelConfiguration configuration)
    {
        var places = new Dictionary<string, (int, Projection)>(StringComparer.Ordinal);
        for (int layer = 0; layer < configuration.Layers; layer++)
            for (int p = 0; p < ProjectionNames.Count; p++) places.Add(((Projection)p).ModulePath(layer), (layer, (Projection)p));
        return places;
    }
}
