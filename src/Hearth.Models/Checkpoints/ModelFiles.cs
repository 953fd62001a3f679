namespace Hearth.Models;

/// <summary>An open model: a Hugging Face folder or a GGUF file, seen through one configuration and Hugging Face tensor names.</summary>
/// <remarks>
/// Opening checks that every tensor of the configuration is there with the right shape and that no other is. Weights of linear
/// modules are [outputs, inputs]; query and key rows are in half-split rotary order whatever the file's. Views live until Dispose.
/// </remarks>
public sealed class ModelFiles : IDisposable
{
    private readonly CheckpointFolder? _checkpoint;
    private readonly GgufFile? _gguf;
    private readonly SortedSet<string> _names = new(StringComparer.Ordinal);

    private ModelFiles(string folder, ModelConfiguration configuration, CheckpointFolder? checkpoint, GgufFile? gguf)
    {
        (Folder, _checkpoint, _gguf) = (folder, checkpoint, gguf);
        WeightFiles = checkpoint?.FilePaths ?? [gguf!.FilePath];
        var published = Beside("generation_config.json") is { } path ? GenerationConfiguration.Load(path) : null;
        Fireworks = Beside("fireworks.json") is { } beside ? FireworksFile.Load(beside) : null;
        Generation = Fireworks?.Over(published) ?? published;
        GgufTokenizer = gguf is null ? null : GgufTokenizer.FromMetadata(gguf.Metadata);
        Configuration = gguf is null ? WithPublishedEnds(configuration, Generation) : configuration;
        CheckTensors();
        CheckVocabulary();
    }

    /// <summary>The folder that the model lies in.</summary>
    public string Folder { get; }

    /// <summary>Sizes and variants. End tokens are those of generation_config.json where it names some.</summary>
    public ModelConfiguration Configuration { get; }

    /// <summary>The publisher's advice for generating, with fireworks.json's in place of it where that has some; null where there is none.</summary>
    public GenerationConfiguration? Generation { get; }

    /// <summary>What fireworks.json beside the weights says; null where there is none.</summary>
    public FireworksFile? Fireworks { get; }

    /// <summary>Tokenizer data inside a GGUF file; null for a folder, or where the file has none.</summary>
    public GgufTokenizer? GgufTokenizer { get; }

    /// <summary>Path of tokenizer.json in the model's folder; null where there is none. Beside a GGUF file it may stand in for missing tokenizer data.</summary>
    public string? TokenizerFile => Beside("tokenizer.json");

    /// <summary>Path of tokenizer_config.json (special tokens, often the chat template); null where there is none.</summary>
    public string? TokenizerConfigurationFile => Beside("tokenizer_config.json");

    /// <summary>Path of chat_template.jinja; null where there is none.</summary>
    public string? ChatTemplateFile => Beside("chat_template.jinja");

    /// <summary>Hugging Face names of the model's tensors, in ordinal order.</summary>
    public IReadOnlyCollection<string> Names => _names;

    /// <summary>Opens a Hugging Face folder, a .gguf file, or a folder with one .gguf file and no safetensors.</summary>
    /// <exception cref="InvalidDataException">A file is unsound or does not fit its configuration.</exception>
    /// <exception cref="NotSupportedException">The model uses something that is not supported; the message names it.</exception>
    /// <exception cref="FileNotFoundException">There is no model at the path.</exception>
    public static ModelFiles Open(string path)
    {
        if (File.Exists(path)) return OpenGguf(path);
        if (!Directory.Exists(path)) throw new FileNotFoundException($"There is no model '{path}'. Give a Hugging Face folder or a .gguf file.", path);
        if (CheckpointFolder.Exists(path)) return OpenFolder(path);
        var ggufs = Directory.GetFiles(path, "*.gguf");
        return ggufs.Length switch
        {
            1 => OpenGguf(ggufs[0]),
            0 => throw new FileNotFoundException($"The folder '{Path.GetFileName(Path.GetFullPath(path))}' has neither safetensors weights nor a .gguf file.", path),
            _ => throw new InvalidDataException($"The folder '{Path.GetFileName(Path.GetFullPath(path))}' has {ggufs.Length} .gguf files. Name one of them."),
        };
    }

    /// <summary>Whether the model has a tensor of this Hugging Face name.</summary>
    public bool Contains(string name) => _names.Contains(name);

    /// <summary>A tensor by its Hugging Face name. GGUF query and key tensors of llama models are copied, others are views of the file.</summary>
    /// <exception cref="KeyNotFoundException">The model has no such tensor.</exception>
    public TensorView Get(string name) => TryGet(name, out var tensor) ? tensor : throw new KeyNotFoundException($"The model has no tensor '{name}'.");

    /// <summary>A tensor by its Hugging Face name.</summary>
    public bool TryGet(string name, out TensorView tensor)
    {
        tensor = default;
        if (!Contains(name)) return false;
        tensor = Stored(name);
        if (_gguf is not null && IsPermuted(name)) tensor = RotaryRows.ToHalfSplit(tensor, Configuration.HeadWidth);
        return true;
    }

    /// <summary>Releases all mappings; views become invalid.</summary>
    public void Dispose() => CloseWeights();

    /// <summary>Releases the mappings of the weights, which a loaded model no longer needs: the rest (configuration, tokenizer data, names) stays.</summary>
    public void CloseWeights()
    {
        _checkpoint?.Dispose();
        _gguf?.Dispose();
    }

    /// <summary>The files that hold the weights.</summary>
    internal IReadOnlyList<string> WeightFiles { get; }

    /// <summary>What the model was opened as: a folder's or a GGUF file's full path.</summary>
    internal string SourcePath => _gguf?.FilePath ?? Folder;

    /// <summary>A tensor's name, type and shape as stored; its rows may be in another order than <see cref="Get"/> gives.</summary>
    internal TensorView Describe(string name) => Contains(name) ? Stored(name) : throw new KeyNotFoundException($"The model has no tensor '{name}'.");

    private static ModelFiles OpenGguf(string path)
    {
        var gguf = GgufFile.Open(path);
        try
        {
            return new ModelFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, ModelConfiguration.FromGguf(gguf), null, gguf);
        }
        catch (Exception fault)
        {
            gguf.Dispose();
            if (Named(fault, Path.GetFileName(path)) is { } named) throw named;
            throw;
        }
    }

    // Faults that show only when a file is taken for a model say what is wrong in it; here they learn its name, and what to do.
    private static Exception? Named(Exception fault, string name)
    {
        if (fault.Message.Contains(name, StringComparison.Ordinal)) return null;
        var message = $"{name}: {fault.Message}" + (fault.Message.Contains(". ", StringComparison.Ordinal) ? "" : " Get the file again.");
        return fault switch
        {
            InvalidDataException => new InvalidDataException(message, fault),
            NotSupportedException => new NotSupportedException(message, fault),
            _ => null,
        };
    }

    private static ModelFiles OpenFolder(string folder)
    {
        var config = Path.Combine(folder, "config.json");
        if (!File.Exists(config)) throw new FileNotFoundException("The model folder has no config.json.", config);
        var configuration = ModelConfiguration.FromConfigFile(config);
        var checkpoint = CheckpointFolder.Open(folder);
        try
        {
            return new ModelFiles(Path.GetFullPath(folder), configuration, checkpoint, null);
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private static ModelConfiguration WithPublishedEnds(ModelConfiguration configuration, GenerationConfiguration? generation) =>
        generation is { EosTokenIds.Count: > 0 } ? (configuration with { EosTokenIds = generation.EosTokenIds }).Validate() : configuration;

    private string? Beside(string name) => Path.Combine(Folder, name) is var path && File.Exists(path) ? path : null;

    private TensorView Stored(string name)
    {
        if (_checkpoint is not null) return _checkpoint.Get(name);
        var (stored, part) = GgufNames.Locate(name)!.Value;
        var tensor = _gguf!.Get(stored).WithName(name);
        return part is { } index ? tensor.Part(index) : tensor;
    }

    private bool IsPermuted(string name) => Configuration.Architecture == "llama" && (name.Contains(".q_proj.", StringComparison.Ordinal) || name.Contains(".k_proj.", StringComparison.Ordinal));

    private void CheckTensors()
    {
        var stored = new HashSet<string>(_checkpoint?.Names ?? _gguf!.Names, StringComparer.Ordinal);
        foreach (var (name, shape) in ModelLayout.Tensors(Configuration))
        {
            var (storedName, part) = _checkpoint is null ? GgufNames.Locate(name)!.Value : (name, null);
            if (!stored.Remove(storedName) && part is null or 0) throw new InvalidDataException($"The model has no tensor '{storedName}', which its configuration needs. Get the files again.");
            if (part is 0) CheckTensor(storedName, _gguf!.Get(storedName), [Configuration.Experts!.Count, .. shape]); // the stack: its parts follow from it
            else if (part is null) CheckTensor(storedName, Stored(name), shape);
            _names.Add(name);
        }
        foreach (var name in stored.Order(StringComparer.Ordinal))
            if (!IsHarmless(name)) throw new NotSupportedException($"The model has a tensor '{name}', for which a {Configuration.Architecture} model of this configuration has no use.");
    }

    private static void CheckTensor(string storedName, TensorView tensor, long[] shape)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new InvalidDataException($"Tensor '{storedName}' is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape)}] from the configuration.");
        if (!tensor.Type.IsReadable())
            throw new NotSupportedException($"Tensor '{storedName}' is stored as {tensor.Type}, which is not supported. Supported are {TensorTypes.Readable}.");
    }

    // Old llama checkpoints store the rotary frequencies, which follow from the configuration; tied models may store the embedding
    // twice; a GGUF file's rope divisors are part of the configuration.
    private bool IsHarmless(string name) => name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
        || (Configuration.TieEmbeddings && name == "lm_head.weight")
        || (_gguf is not null && name == "rope_freqs.weight");

    private void CheckVocabulary()
    {
        if (GgufTokenizer is { } tokenizer && tokenizer.Tokens.Count != Configuration.VocabularySize)
            throw new InvalidDataException($"The GGUF file has {tokenizer.Tokens.Count} tokens and an embedding of {Configuration.VocabularySize} rows; both must agree.");
    }
}
