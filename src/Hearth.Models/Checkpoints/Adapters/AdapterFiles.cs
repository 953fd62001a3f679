namespace Hearth.Models;

/// <summary>A LoRA adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
/// <remarks>
/// PEFT loads some broken adapters without a word: missing or unknown tensors, NaN, another base model. Here each is refused,
/// because an adapter that is half applied answers plausibly and wrongly.
/// </remarks>
public sealed partial class AdapterFiles
{
    private const string ConfigurationFile = "adapter_config.json";
    private const string WeightsFile = "adapter_model.safetensors";
    private const string PickleFile = "adapter_model.bin";
    private const string TensorPrefix = "base_model.model.";

    private AdapterFiles(AdapterConfiguration configuration, AdapterContent content, IReadOnlyDictionary<string, string> metadata) =>
        (Configuration, Content, Metadata) = (configuration, content, metadata);

    /// <summary>Ranks, scales and targets.</summary>
    public AdapterConfiguration Configuration { get; }

    /// <summary>Adapted modules in the order of the forward pass, the output head last; after them what <see cref="AdapterConfiguration.TargetParameters"/> adapts, expert by expert.</summary>
    public IReadOnlyList<AdapterModule> Modules => Content.Modules;

    /// <summary>All that the adapter changes.</summary>
    public AdapterContent Content { get; }

    /// <summary>The <c>__metadata__</c> of the weights file.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads an adapter for a model; values stored as bf16 or f16 are widened.</summary>
    /// <param name="folder">The adapter's folder.</param>
    /// <param name="model">Configuration of the base model.</param>
    /// <param name="baseModel">Name of the base model; where given, an adapter of another one is refused. Only the last part of a path counts.</param>
    /// <param name="baseFiles">The base model's files: where an adapter carries a copy of its head or embeddings, equal ones are not kept.</param>
    /// <exception cref="FileNotFoundException">A file of the adapter is missing.</exception>
    /// <exception cref="InvalidDataException">The adapter is broken or belongs to another model; the message names the fault.</exception>
    /// <exception cref="NotSupportedException">The adapter uses something that is not supported; the message names it.</exception>
    public static AdapterFiles Load(string folder, ModelConfiguration model, string? baseModel = null, ModelFiles? baseFiles = null)
    {
        var configuration = AdapterConfiguration.Load(Existing(folder, ConfigurationFile));
        CheckBase(configuration, baseModel);
        using var weights = OpenWeights(folder);
        var content = new Reading(configuration, model, weights, baseFiles).Run();
        return new AdapterFiles(configuration, content, new SortedDictionary<string, string>(weights.Metadata.ToDictionary(), StringComparer.Ordinal));
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

    /// <summary>The adapter's tensors.</summary>
    internal static SafetensorsFile OpenWeights(string folder)
    {
        if (!File.Exists(Path.Combine(folder, WeightsFile)) && File.Exists(Path.Combine(folder, PickleFile)))
            throw new NotSupportedException($"The adapter is stored as {PickleFile}, a Python pickle, which could run code when it is read, and is not. Save it as {WeightsFile}.");
        return SafetensorsFile.Open(Existing(folder, WeightsFile));
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

    private static void AddModule(SafetensorsWriter writer, AdapterConfiguration configuration, AdapterModule module)
    {
        if (!module.Bias.IsEmpty || !configuration.Targets(module.Path) || configuration.RankOf(module.Path) != module.Rank || configuration.ScaleOf(module.Path) != module.Scale)
            throw new ArgumentException($"Module '{module.Path}' (rank {module.Rank}, scale {module.Scale}) is not what the adapter's configuration says.", nameof(module));
        writer.Add(TensorName(module.Path, "lora_A"), [module.Rank, module.Inputs], module.A.Span);
        writer.Add(TensorName(module.Path, "lora_B"), [module.Outputs, module.Rank], module.B.Span);
    }

    private static string TensorName(string modulePath, string matrix) => $"{TensorPrefix}{modulePath}.{matrix}.weight";
}
