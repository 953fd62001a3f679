using Hearth.ControlPlane;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>The files of an uploaded adapter, read for its base model as a replica would.</summary>
internal sealed class AdapterUploadFiles(string folder, AdapterBase baseModel)
{
    private const string Config = "adapter_config.json";
    private const string Weights = ModelRecord.AdapterWeights;
    private const string Pickle = "adapter_model.bin";
    private const int MaxRank = 128; // decision 0002

    private readonly FileFaults _faults = new();
    private readonly List<string> _warnings = [];

    /// <exception cref="HearthException">The adapter cannot be loaded; the faults say why.</exception>
    public AdapterCheck Run(ModelCheckOptions options)
    {
        _warnings.AddRange(ModelChecks.WarningsOf(options, folder));
        var configuration = CheckConfig(options);
        if (!options.ConfigOnly) CheckWeights();
        ThrowIfAny();
        IReadOnlyList<string> modules = [];
        var type = "";
        _faults.Try(options.ConfigOnly ? Config : Weights, () =>
        {
            using var files = ModelFiles.Open(baseModel.Path);
            type = files.Configuration.Architecture;
            modules = options.ConfigOnly ? configuration!.TargetModules : ModulesOf(configuration!, files);
        });
        ThrowIfAny();
        return new(configuration!.Rank, modules, type, _warnings);
    }

    private AdapterConfiguration? CheckConfig(ModelCheckOptions options)
    {
        if (!Has(Config))
        {
            _faults.Add(Config, "It is missing. PEFT writes it beside the weights.");
            return null;
        }
        AdapterConfiguration? configuration = null;
        _faults.Try(Config, () => configuration = AdapterConfiguration.Load(At(Config)));
        if (configuration is null) return null;
        foreach (var rank in configuration.RankPattern.Select(pair => pair.Value).Append(configuration.Rank).Where(rank => rank > MaxRank).Distinct())
            _faults.Add(Config, $"The rank is {rank}; adapters of rank 1 to {MaxRank} are loaded.");
        CheckBaseName(configuration, options);
        return configuration;
    }

    // The shapes of two models of one family agree, and an adapter of the other answers plausibly and wrongly.
    private void CheckBaseName(AdapterConfiguration configuration, ModelCheckOptions options)
    {
        if (configuration.BaseModel is not { Length: > 0 } named || baseModel.Names.Any(name => Plain(name) == Plain(named))) return;
        var differs = $"base_model_name_or_path is '{Last(named)}', and the base model is known as {string.Join(", ", baseModel.Names.Select(Last).Where(name => name != "").Distinct())}";
        if (options.SkipHfConfigValidation) _warnings.Add($"{differs}; not compared, as skipHfConfigValidation asks.");
        else _faults.Add(Config, $"{differs}. Upload the adapter for its own base model, or pass skipHfConfigValidation=true if this is the same model under another name.");
    }

    private void CheckWeights()
    {
        if (Has(Weights)) _faults.Try(Weights, () => SafetensorsFile.Open(At(Weights)).Dispose());
        else if (Has(Pickle)) _faults.Add(Pickle, $"It is a Python pickle, which could run code when it is read, and is not. Save the adapter as {Weights}.");
        else _faults.Add(Weights, "It is missing. PEFT writes it beside the configuration.");
    }

    private IReadOnlyList<string> ModulesOf(AdapterConfiguration configuration, ModelFiles files)
    {
        AdapterWeights.Load(folder, files.Configuration).Dispose();
        return [.. ModelLayout.LinearModules(files.Configuration).Select(module => module.Path).Where(configuration.Targets).Select(path => path.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal)];
    }

    private void ThrowIfAny() => _faults.ThrowIfAny("The files are no adapter that can be loaded above its base model");

    private bool Has(string file) => File.Exists(At(file));

    private string At(string file) => Path.Combine(folder, file);

    private static string Last(string name) => name.TrimEnd('/', '\\').Split('/', '\\')[^1];

    // Catalogues write a version's dot as p, and hubs differ in case.
    private static string Plain(string name) => Last(name).ToLowerInvariant().Replace('.', 'p').Replace('_', '-');
}
