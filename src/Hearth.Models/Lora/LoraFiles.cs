using System.Security.Cryptography;

namespace Hearth.Models;

/// <summary>Moves a <see cref="LoraAdapter"/> from and to PEFT's files.</summary>
internal static class LoraFiles
{
    private const string WeightsFile = "adapter_model.safetensors";

    public static LoraAdapter Load(string folder, ModelConfiguration configuration)
    {
        var files = AdapterFiles.Load(folder, configuration);
        var content = files.Content;
        if (content.Biases.Count > 0 || content.Head is not null || content.EmbeddingTable is not null || content.TokenRows.Count > 0 || content.Embedding is not null
            || content.Modules.Any(module => !module.Bias.IsEmpty))
            throw new NotSupportedException("The adapter changes biases, embeddings or the output head. It can be served, but training goes on only from adapters of the layers' projections. Start from one of those.");
        var places = LoraPlaces.Of(configuration);
        var modules = files.Modules.Select(module => places.TryGetValue(module.Path, out var place)
            ? (module, place)
            : throw new NotSupportedException($"The adapter changes module '{module.Path}', which is not a projection of a decoder layer. It can be served; training goes on only from adapters of those.")).ToList();
        var adapter = LoraAdapter.Build(configuration, [.. modules.SelectMany(pair => pair.place.Modules(pair.module))], files.Configuration.Rank, (float)files.Configuration.Alpha);
        foreach (var (module, place) in modules) place.Fill(adapter, module);
        return adapter;
    }

    public static void Save(LoraAdapter adapter, string folder, string baseModelName)
    {
        var modules = adapter.Modules().ToList();
        var fused = modules.Exists(module => module.Path.EndsWith(FusedExperts.GateUp, StringComparison.Ordinal));
        var (parameters, linear) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var path in modules.Select(module => module.Path))
        {
            var name = path[(path.LastIndexOf('.') + 1)..];
            if (fused && path.Contains(".mlp.experts.", StringComparison.Ordinal)) parameters.Add("mlp.experts." + name);
            else linear.Add(name);
        }
        AdapterFiles.Save(folder, new AdapterConfiguration { BaseModel = baseModelName, Rank = adapter.Rank, Alpha = adapter.Alpha, TargetModules = [.. linear], TargetParameters = [.. parameters] }, modules);
    }

    public static string HashOf(string folder)
    {
        using var stream = File.OpenRead(Path.Combine(folder, WeightsFile));
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
