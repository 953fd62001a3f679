namespace Hearth.Models;

/// <summary>The two matrices of one adapted module: y += scale * B (A x).</summary>
public sealed record AdapterModule
{
    /// <summary>Module path in the base model: <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public required string Path { get; init; }

    /// <summary>R.</summary>
    public required int Rank { get; init; }

    /// <summary>What B (A x) is multiplied by.</summary>
    public required float Scale { get; init; }

    /// <summary>Width of the module's input.</summary>
    public required int Inputs { get; init; }

    /// <summary>Width of the module's output.</summary>
    public required int Outputs { get; init; }

    /// <summary>[R, inputs], row-major.</summary>
    public required ReadOnlyMemory<float> A { get; init; }

    /// <summary>[outputs, R], row-major.</summary>
    public required ReadOnlyMemory<float> B { get; init; }
}

/// <summary>A LoRA adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
/// <remarks>
/// PEFT loads some broken adapters without a word: missing or unknown tensors, NaN, another base model. Here each is refused,
/// because an adapter that is half applied answers plausibly and wrongly.
/// </remarks>
public sealed class AdapterFiles
{
    private const string ConfigurationFile = "adapter_config.json";
    private const string WeightsFile = "adapter_model.safetensors";
    private const string PickleFile = "adapter_model.bin";
    private const string TensorPrefix = "base_model.model.";

    private AdapterFiles(AdapterConfiguration configuration, IReadOnlyList<AdapterModule> modules, IReadOnlyDictionary<string, string> metadata) =>
        (Configuration, Modules, Metadata) = (configuration, modules, metadata);

    /// <summary>Ranks, scales and targets.</summary>
    public AdapterConfiguration Configuration { get; }

    /// <summary>Adapted modules in the order of the forward pass, the output head last; after them what <see cref="AdapterConfiguration.TargetParameters"/> adapts, expert by expert.</summary>
    public IReadOnlyList<AdapterModule> Modules { get; }

    /// <summary>The <c>__metadata__</c> of the weights file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads an adapter for a model; values stored as bf16 or f16 are widened.</summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="model">Configuration of the base model.</param>
    /// <param name="baseModel">Name of the base model; where given, an adapter of another one is refused. Only the last part of a path counts.</param>
    /// <param name="baseFiles">The base model's files; needed only for adapters that carry a copy of the output head.</param>
    /// <exception cref="FileNotFoundException">A file of the adapter is missing.</exception>
    /// <exception cref="InvalidDataException">The adapter is broken or belongs to another model; the message names the fault.</exception>
    /// <exception cref="NotSupportedException">The adapter uses something that is not supported; the message names it.</exception>
    public static AdapterFiles Load(string folder, ModelConfiguration model, string? baseModel = null, ModelFiles? baseFiles = null)
    {
        var configuration = AdapterConfiguration.Load(Existing(folder, ConfigurationFile));
        CheckBase(configuration, baseModel);
        if (!File.Exists(Path.Combine(folder, WeightsFile)) && File.Exists(Path.Combine(folder, PickleFile)))
            throw new NotSupportedException($"The adapter is stored as {PickleFile}, a Python pickle, which is not read. Save it as {WeightsFile}.");
        using var weights = SafetensorsFile.Open(Existing(folder, WeightsFile));
        var left = new HashSet<string>(weights.Names, StringComparer.Ordinal);
        var modules = TargetedModules(configuration, model, left).Select(target => ReadModule(weights, left, configuration, target)).ToList();
        modules.AddRange(FusedExperts.Read(configuration, model, (name, shape) => ReadMatrix(weights, left, TensorPrefix + name, shape)));
        CheckHeadCopy(weights, left, modules, baseFiles);
        foreach (var name in left.Order(StringComparer.Ordinal))
            throw new InvalidDataException($"The adapter has a tensor '{name}', which belongs to no module that it targets in this model.");
        return new AdapterFiles(configuration, modules, new SortedDictionary<string, string>(weights.Metadata.ToDictionary(), StringComparer.Ordinal));
    }

    /// <summary>Writes an adapter as float32; the folder appears whole or not at all. Same adapter, same bytes.</summary>
    /// <param name="folder">Target; a folder of that name is replaced.</param>
    /// <param name="configuration">Ranks, scales and targets; must agree with the modules.</param>
    /// <param name="modules">The matrices.</param>
    /// <param name="metadata">Additions to the weights file's <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A module does not agree with the configuration.</exception>
    public static void Save(string folder, AdapterConfiguration configuration, IEnumerable<AdapterModule> modules, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var writer = new SafetensorsWriter();
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>()) writer.Metadata[key] = value;
        var fused = FusedExperts.Join(configuration, [.. modules], out var others);
        foreach (var (path, shapeA, a, shapeB, b) in fused)
        {
            writer.Add(TensorName(path, "lora_A"), shapeA, a);
            writer.Add(TensorName(path, "lora_B"), shapeB, b);
        }
        foreach (var module in others) AddModule(writer, configuration, module);
        AtomicFolder.Write(folder, temporary =>
        {
            writer.Save(Path.Combine(temporary, WeightsFile));
            AtomicFile.Write(Path.Combine(temporary, ConfigurationFile), configuration.Write);
        });
    }

    private static string Existing(string folder, string name) => Path.Combine(folder, name) is var path && File.Exists(path)
        ? path
        : throw new FileNotFoundException($"The adapter has no {name}.", path);

    private static void CheckBase(AdapterConfiguration configuration, string? baseModel)
    {
        if (baseModel is null || configuration.BaseModel is not { Length: > 0 } named || LastPart(named) == LastPart(baseModel)) return;
        throw new InvalidDataException($"The adapter was made for '{LastPart(named)}', not for '{LastPart(baseModel)}'. Load it on its own base model.");
    }

    private static string LastPart(string name) => name.TrimEnd('/', '\\').Split('/', '\\')[^1].ToLowerInvariant();

    private static List<(string Path, int Outputs, int Inputs)> TargetedModules(AdapterConfiguration configuration, ModelConfiguration model, HashSet<string> stored)
    {
        var all = ModelLayout.LinearModules(model).ToList();
        foreach (var name in configuration.TargetModules)
        {
            if (AdapterConfiguration.NameMatches(name, "model.embed_tokens") || name.EndsWith("embed_tokens", StringComparison.Ordinal))
                throw new NotSupportedException("The adapter targets 'embed_tokens'; adapters of the embedding are not supported.");
            if (model.Experts is not null && name.Split('.')[^1] == "gate")
                throw new NotSupportedException($"The adapter targets '{name}', the router of the experts; adapters of routers are not supported.");
            if (!all.Any(module => AdapterConfiguration.NameMatches(name, module.Path)))
                throw new InvalidDataException($"The adapter targets '{name}', a module that a {model.Architecture} model does not have.");
        }
        var targeted = all.FindAll(module => configuration.Targets(module.Path));
        if (model.Experts is not null) LeaveAlone(targeted, stored);
        if (targeted.Count == 0 && configuration.TargetParameters.Count > 0) return targeted;
        return targeted.Count > 0 ? targeted : throw new InvalidDataException("The adapter's target_modules choose no module of this model.");
    }

    // By its version PEFT adapts with gate_proj, up_proj and down_proj the dense layers of a mixture, its experts or both. So either kind may be absent, but only as a whole.
    private static void LeaveAlone(List<(string Path, int Outputs, int Inputs)> targeted, HashSet<string> stored)
    {
        if (!stored.Any(IsOfDense)) targeted.RemoveAll(module => IsOfDense(module.Path));
        if (!stored.Any(IsOfExpert)) targeted.RemoveAll(module => IsOfExpert(module.Path));
    }

    private static bool IsOfDense(string path) => path.Contains(".mlp.", StringComparison.Ordinal) && !path.Contains(".mlp.experts.", StringComparison.Ordinal);

    private static bool IsOfExpert(string path)
    {
        const string experts = ".mlp.experts.";
        var index = path.IndexOf(experts, StringComparison.Ordinal);
        return index >= 0 && index + experts.Length < path.Length && char.IsAsciiDigit(path[index + experts.Length]);
    }

    private static AdapterModule ReadModule(SafetensorsFile weights, HashSet<string> left, AdapterConfiguration configuration, (string Path, int Outputs, int Inputs) target)
    {
        var rank = configuration.RankOf(target.Path);
        return new AdapterModule
        {
            Path = target.Path,
            Rank = rank,
            Scale = configuration.ScaleOf(target.Path),
            Inputs = target.Inputs,
            Outputs = target.Outputs,
            A = ReadMatrix(weights, left, TensorName(target.Path, "lora_A"), [rank, target.Inputs]),
            B = ReadMatrix(weights, left, TensorName(target.Path, "lora_B"), [target.Outputs, rank]),
        };
    }

    private static float[] ReadMatrix(SafetensorsFile weights, HashSet<string> left, string name, long[] shape)
    {
        if (!left.Remove(name)) throw new InvalidDataException($"The adapter has no tensor '{name}', although its configuration targets the module.");
        var tensor = weights.Get(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(shape))
            throw new InvalidDataException($"Adapter tensor '{name}' is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape)}] from the model and the rank.");
        var values = tensor.ToFloat32();
        foreach (var value in values)
            if (!float.IsFinite(value)) throw new InvalidDataException($"Adapter tensor '{name}' holds a value that is not finite.");
        return values;
    }

    // PEFT stores a copy of the output head beside an adapter of it, and loads the copy over the base model's head.
    private static void CheckHeadCopy(SafetensorsFile weights, HashSet<string> left, List<AdapterModule> modules, ModelFiles? baseFiles)
    {
        const string copy = TensorPrefix + "lm_head.base_layer.weight";
        if (modules.All(module => module.Path != "lm_head") || !left.Contains(copy)) return;
        if (baseFiles is null) throw new NotSupportedException("The adapter carries a copy of the output head. It is only loaded where the copy can be compared with the base model.");
        var head = baseFiles.Get(baseFiles.Configuration.TieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
        if (!weights.Get(copy).ToFloat32().AsSpan().SequenceEqual(head.ToFloat32()))
            throw new NotSupportedException("The adapter carries an output head that is not the base model's; replacing it is not supported.");
        left.Remove(copy);
    }

    private static void AddModule(SafetensorsWriter writer, AdapterConfiguration configuration, AdapterModule module)
    {
        if (!configuration.Targets(module.Path) || configuration.RankOf(module.Path) != module.Rank || configuration.ScaleOf(module.Path) != module.Scale)
            throw new ArgumentException($"Module '{module.Path}' (rank {module.Rank}, scale {module.Scale}) is not what the adapter's configuration says.", nameof(module));
        writer.Add(TensorName(module.Path, "lora_A"), [module.Rank, module.Inputs], module.A.Span);
        writer.Add(TensorName(module.Path, "lora_B"), [module.Outputs, module.Rank], module.B.Span);
    }

    private static string TensorName(string modulePath, string matrix) => $"{TensorPrefix}{modulePath}.{matrix}.weight";
}
