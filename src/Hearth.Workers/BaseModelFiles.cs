using System.Text.Json;
using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>The files of an uploaded base model, one by one, so that a refusal names every one that is missing or unfit.</summary>
internal sealed class BaseModelFiles(string folder)
{
    private const string Config = "config.json";
    private const string Weights = "model.safetensors";
    private const string Index = "model.safetensors.index.json";
    private const string TokenizerFile = "tokenizer.json";
    private const string Fireworks = "fireworks.json";

    public FileFaults Faults { get; } = new();
    public List<string> Warnings { get; } = [];

    public void Run(ModelCheckOptions options)
    {
        Warnings.AddRange(ModelChecks.WarningsOf(options, folder));
        if (options.SkipHfConfigValidation) Warnings.Add("skipHfConfigValidation has no effect on base models: only what the configuration describes exactly is run.");
        if (Has(Fireworks)) Faults.Try(Fireworks, () => Warnings.AddRange(FireworksFile.Load(At(Fireworks)).NotApplied.Select(key => $"{Fireworks}: {key} is not applied.")));
        if (!Has(Config) && Directory.EnumerateFiles(folder, "*.gguf").Any()) return; // one file with everything in it: the probe reads it whole
        CheckConfig();
        if (options.ConfigOnly) return;
        CheckWeights();
        CheckTokenizer();
        if (!Faults.Any) Faults.Try("weights", () => ModelFiles.Open(folder).Dispose());
    }

    private void CheckConfig()
    {
        if (!Has(Config)) Faults.Add(Config, "It is missing. Upload the published model's.");
        else if (IsQuantized()) Faults.Add(Config, "It has a 'quantization_config'. Upload the unquantised weights and their config.json, or a GGUF file.");
        else Faults.Try(Config, () => ModelConfiguration.FromConfigFile(At(Config)));
    }

    private void CheckWeights()
    {
        if (Has(Index)) Faults.Try(Index, CheckShards);
        else if (!Has(Weights)) Faults.Add(Weights, MissingWeights());
        foreach (var file in Directory.EnumerateFiles(folder, "*.safetensors").Order(StringComparer.Ordinal))
            Faults.Try(Path.GetFileName(file), () => SafetensorsFile.Open(file).Dispose());
        foreach (var pickle in Names("*.bin").Where(_ => Has(Weights) || Has(Index))) Warnings.Add($"{pickle} is kept and not read: the safetensors files are.");
    }

    private void CheckShards()
    {
        foreach (var shard in SafetensorsIndex.Load(At(Index)).Shards.Where(shard => !Has(shard)))
            Faults.Add(shard, $"It is missing; {Index} names it.");
    }

    private string MissingWeights()
    {
        if (Names("*.bin").ToList() is { Count: > 0 } pickles)
            return $"It is missing; {string.Join(", ", pickles)}: a Python pickle, which could run code when it is read, and is not. Save the weights as safetensors.";
        return Names("*.safetensors").Any()
            ? $"It is missing, and so is {Index}: shards need their index."
            : $"It is missing. Upload {Weights}, or shards and {Index}.";
    }

    private void CheckTokenizer()
    {
        if (!Has(TokenizerFile))
            Faults.Add(TokenizerFile, "It is missing; without it no text reaches the model" + (Has("tokenizer.model") ? ", and tokenizer.model alone is not read. Save the tokenizer as tokenizer.json." : ". Upload the published model's."));
        else Faults.Try(TokenizerFile, () => Tokenizer.Load(At(TokenizerFile)));
    }

    private bool IsQuantized()
    {
        try
        {
            using var config = JsonDocument.Parse(File.ReadAllBytes(At(Config)));
            return config.RootElement.ValueKind == JsonValueKind.Object && config.RootElement.TryGetProperty("quantization_config", out var found) && found.ValueKind != JsonValueKind.Null;
        }
        catch (JsonException)
        {
            return false; // told by the configuration's own reader
        }
    }

    private bool Has(string file) => File.Exists(At(file));

    private string At(string file) => Path.Combine(folder, file);

    private IEnumerable<string> Names(string pattern) => Directory.EnumerateFiles(folder, pattern).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);
}
