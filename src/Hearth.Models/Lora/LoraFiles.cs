using System.Security.Cryptography;

namespace Hearth.Models;

/// <summary>Moves a <see cref="LoraAdapter"/> from and to PEFT's files.</summary>
internal static class LoraFiles
{
    private const string WeightsFile = "adapter_model.safetensors";

    public static LoraAdapter Load(string folder, ModelConfiguration configuration)
    {
        var files = AdapterFiles.Load(folder, configuration);
        var modules = new List<LoraModule>();
        foreach (var module in files.Modules)
        {
            var (layer, projection) = PlaceOf(module.Path, configuration);
            modules.Add(new LoraModule(layer, projection, module.Rank, module.Outputs, module.Inputs, module.Scale));
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

    private static string HashOf(string folder)
    {
        using var stream = File.OpenRead(Path.Combine(folder, WeightsFile));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static (int Layer, Projection Projection) PlaceOf(string path, ModelConfiguration configuration)
    {
        for (int layer = 0; layer < configuration.Layers; layer++)
            for (int p = 0; p < ProjectionNames.Count; p++)
                if (((Projection)p).ModulePath(layer) == path) return (layer, (Projection)p);
        throw new NotSupportedException($"The adapter changes module '{path}', which is not one of the seven projections of a decoder layer.");
    }
}
