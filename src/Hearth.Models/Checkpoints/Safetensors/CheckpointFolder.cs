using System.Text.Json;

namespace Hearth.Models;

/// <summary>The weights of a Hugging Face folder: <c>model.safetensors</c>, or shards and <c>model.safetensors.index.json</c>.</summary>
public sealed class CheckpointFolder : IDisposable
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private readonly List<SafetensorsFile> _files = [];
    private readonly SortedDictionary<string, SafetensorsFile> _owners = new(StringComparer.Ordinal);

    private CheckpointFolder()
    {
    }

    /// <summary>Tensor names in ordinal order.</summary>
    public IReadOnlyCollection<string> Names => _owners.Keys;

    /// <summary>Full paths of the weight files, in ordinal order.</summary>
    public IReadOnlyList<string> FilePaths => [.. _files.Select(file => file.FilePath).Order(StringComparer.Ordinal)];

    /// <summary>Whether the folder has weights in this form.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, SingleFile)) || File.Exists(Path.Combine(folder, IndexFile));

    /// <summary>Maps all weight files of a folder.</summary>
    /// <exception cref="InvalidDataException">A file is unsound, or the index and the shards disagree.</exception>
    /// <exception cref="FileNotFoundException">There are no weights, or a shard is missing.</exception>
    public static CheckpointFolder Open(string folder)
    {
        var checkpoint = new CheckpointFolder();
        try
        {
            if (File.Exists(Path.Combine(folder, IndexFile))) checkpoint.OpenShards(folder);
            else checkpoint.OpenSingle(Path.Combine(folder, SingleFile));
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Whether a tensor of this name exists.</summary>
    public bool Contains(string name) => _owners.ContainsKey(name);

    /// <summary>A tensor by name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public TensorView Get(string name) => _owners.TryGetValue(name, out var file)
        ? file.Get(name)
        : throw new KeyNotFoundException($"The checkpoint has no tensor '{name}'.");

    /// <summary>Releases all mappings.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void OpenSingle(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"The model folder has no {SingleFile} and no {IndexFile}. Only safetensors weights are read.", path);
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var name in file.Names) _owners.Add(name, file);
    }

    private void OpenShards(string folder)
    {
        var index = SafetensorsIndex.Load(Path.Combine(folder, IndexFile));
        foreach (var shard in index.Shards)
        {
            var file = SafetensorsFile.Open(Path.Combine(folder, shard));
            _files.Add(file);
            foreach (var name in file.Names) Own(index, shard, name, file);
        }
        foreach (var (name, shard) in index.WeightMap)
            if (!_owners.ContainsKey(name)) throw new InvalidDataException($"{IndexFile} says tensor '{name}' is in {shard}, which does not have it. Get the shards again.");
    }

    private void Own(SafetensorsIndex index, string shard, string name, SafetensorsFile file)
    {
        if (!index.WeightMap.TryGetValue(name, out var owner) || owner != shard)
            throw new InvalidDataException($"{shard} has tensor '{name}', which {IndexFile} {(owner is null ? "does not list" : $"places in {owner}")}. Get the shards again.");
        _owners.Add(name, file);
    }
}

/// <summary><c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
public sealed class SafetensorsIndex
{
    private SafetensorsIndex(SortedDictionary<string, string> weightMap) => WeightMap = weightMap;

    /// <summary>Tensor name to file name.</summary>
    public IReadOnlyDictionary<string, string> WeightMap { get; }

    /// <summary>File names in ordinal order.</summary>
    public IEnumerable<string> Shards => WeightMap.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    /// <summary>Reads an index.</summary>
    /// <exception cref="InvalidDataException">The file is not an index, or a shard lies outside its folder.</exception>
    public static SafetensorsIndex Load(string path)
    {
        using var document = JsonFiles.Load(path);
        if (!document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{Path.GetFileName(path)} has no object 'weight_map'. Get the file again.");
        var weights = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject()) weights.Add(entry.Name, ShardName(path, entry));
        return new SafetensorsIndex(weights);
    }

    // A name with a folder in it could read files that the user never meant to share.
    private static string ShardName(string path, JsonProperty entry)
    {
        var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
        if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().ContainsAny("/\\:\0"))
            throw new InvalidDataException($"{Path.GetFileName(path)} places tensor '{entry.Name}' in '{shard}', which is not a file name in its folder.");
        return shard;
    }
}
