using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Models;

public sealed partial record AdapterConfiguration
{
    // Initialisations that leave the base model's weights as they are. PiSSA, OLoRA, CorDA and LoftQ change them.
    private static readonly string[] PlainInitialisations = ["gaussian", "eva", "orthogonal"];

    /// <summary>Reads <c>adapter_config.json</c>.</summary>
    /// <exception cref="NotSupportedException">The adapter uses something that is not supported; the message names it.</exception>
    /// <exception cref="InvalidDataException">A key is missing or out of range.</exception>
    public static AdapterConfiguration Load(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        reader.Text("peft_type");
        reader.MustBe("peft_type", "LORA");
        reader.MustBe("task_type", "CAUSAL_LM");
        RefuseSpecialInitialisation(reader);
        reader.Ignore(ConfigurationKeys.Adapter.Keys);
        reader.MustBeUnset(ConfigurationKeys.AdapterFeatures);
        var configuration = Read(reader);
        reader.RefuseOthers();
        return configuration.Validate();
    }

    /// <summary>Writes the keys that PEFT 0.7 and later read, in ordinal order: same configuration, same bytes.</summary>
    internal void Write(Stream stream)
    {
        var options = new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using var json = new Utf8JsonWriter(stream, options);
        json.WriteStartObject();
        WriteNumbers(json, "alpha_pattern", AlphaPattern);
        json.WriteNull("auto_mapping");
        json.WriteString("base_model_name_or_path", BaseModel);
        json.WriteString("bias", "none");
        if (ExcludedExpression is not null || ExcludedModules.Count > 0) WriteNames(json, "exclude_modules", ExcludedExpression, ExcludedModules);
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", true);
        json.WriteBoolean("init_lora_weights", true);
        json.WriteNull("layers_pattern");
        WriteLayers(json);
        json.WriteNumber("lora_alpha", Alpha);
        json.WriteNumber("lora_dropout", Dropout);
        json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", Rank);
        WriteNumbers(json, "rank_pattern", [.. RankPattern.Select(pair => KeyValuePair.Create(pair.Key, (double)pair.Value))]);
        json.WriteNull("revision");
        WriteNames(json, "target_modules", TargetExpression, [.. TargetModules.Order(StringComparer.Ordinal)]);
        if (TargetParameters.Count > 0) WriteNames(json, "target_parameters", null, [.. TargetParameters.Order(StringComparer.Ordinal)]);
        json.WriteString("task_type", "CAUSAL_LM");
        json.WriteBoolean("use_rslora", RankStabilized);
        json.WriteEndObject();
    }

    private static AdapterConfiguration Read(ConfigurationReader reader)
    {
        var (targets, targetExpression) = ReadNames(reader, "target_modules");
        var (excluded, excludedExpression) = ReadNames(reader, "exclude_modules");
        var parameters = reader.FindTexts("target_parameters") ?? [];
        if (targets.Length == 0 && targetExpression is null && parameters.Length == 0) throw reader.Fault("names no 'target_modules'");
        var layers = reader.Integers("layers_to_transform");
        if (parameters.Length > 0 && layers.Length > 0) throw reader.Fault("has 'layers_to_transform' beside 'target_parameters', for which PEFT does not choose layers");
        if (layers.Length > 0 && targetExpression is not null) throw reader.Fault("has 'layers_to_transform' beside an expression for 'target_modules'; only one can choose the layers");
        RefuseOtherLayersPattern(reader);
        return new AdapterConfiguration
        {
            BaseModel = reader.FindText("base_model_name_or_path"),
            Rank = reader.Integer("r"),
            Alpha = reader.Number("lora_alpha"),
            RankStabilized = reader.Flag("use_rslora", false),
            Dropout = reader.FindNumber("lora_dropout") ?? 0,
            TargetModules = targets,
            TargetExpression = targetExpression,
            ExcludedModules = excluded,
            ExcludedExpression = excludedExpression,
            TargetParameters = parameters,
            LayersToTransform = layers.Length > 0 ? layers : null,
            RankPattern = [.. reader.Numbers("rank_pattern").Select(pair => KeyValuePair.Create(pair.Key, WholeRank(reader, pair.Value)))],
            AlphaPattern = reader.Numbers("alpha_pattern"),
            Bias = ReadBias(reader),
            UpdateBias = reader.Flag("lora_bias", false),
            SavedModules = ReadSavedModules(reader),
            TrainedTokens = ReadTrainedTokens(reader),
        };
    }

    private static AdapterBias ReadBias(ConfigurationReader reader) => reader.FindText("bias") switch
    {
        null or "none" => AdapterBias.None,
        "lora_only" => AdapterBias.Adapted,
        "all" => AdapterBias.All,
        _ => throw reader.NotSupported("bias", "'none', 'lora_only' or 'all'"),
    };

    private static string[] ReadSavedModules(ConfigurationReader reader)
    {
        var names = reader.FindTexts("modules_to_save") ?? [];
        if (names.Any(name => name is not (Head or EmbedTokens))) throw reader.NotSupported("modules_to_save", $"'{Head}' and '{EmbedTokens}'");
        return names;
    }

    // A list means the input embeddings; an object names its modules.
    private static int[] ReadTrainedTokens(ConfigurationReader reader)
    {
        if (reader.Find("trainable_token_indices") is not { ValueKind: JsonValueKind.Object } named) return reader.Integers("trainable_token_indices");
        if (named.EnumerateObject().Any(property => property.Name != EmbedTokens)) throw reader.NotSupported("trainable_token_indices", $"tokens of '{EmbedTokens}'");
        return reader.FindObject("trainable_token_indices")!.Integers(EmbedTokens);
    }

    private AdapterConfiguration Validate()
    {
        foreach (var rank in RankPattern.Select(pair => pair.Value).Append(Rank))
            if (rank is < 1 or > MaxRank) throw new InvalidDataException($"adapter_config.json has the rank {rank}; it must be in 1..{MaxRank}.");
        return this;
    }

    private const int MaxRank = 4096; // far above any published adapter

    private static int WholeRank(ConfigurationReader reader, double rank) =>
        rank == Math.Floor(rank) && Math.Abs(rank) <= int.MaxValue ? (int)rank : throw reader.Fault($"has a fractional rank in 'rank_pattern'");

    private static (string[] Names, string? Expression) ReadNames(ConfigurationReader reader, string key) => reader.Find(key) switch
    {
        null => ([], null),
        { ValueKind: JsonValueKind.String } expression => ([], expression.GetString()),
        _ => (reader.FindTexts(key)!, null),
    };

    private static void RefuseSpecialInitialisation(ConfigurationReader reader)
    {
        if (reader.Find("init_lora_weights") is not { } value || value.ValueKind is JsonValueKind.True or JsonValueKind.False) return;
        if (value.ValueKind != JsonValueKind.String || !PlainInitialisations.Contains(value.GetString()))
            throw reader.NotSupported("init_lora_weights", "an initialisation that leaves the base model as it is");
    }

    // The modules of every supported family are numbered below "layers"; another pattern would choose nothing.
    private static void RefuseOtherLayersPattern(ConfigurationReader reader)
    {
        var patterns = reader.Find("layers_pattern") switch
        {
            null => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            _ => reader.FindTexts("layers_pattern")!,
        };
        if (patterns.Any(pattern => pattern != "layers")) throw reader.NotSupported("layers_pattern", "'layers'");
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, IReadOnlyList<KeyValuePair<string, double>> numbers)
    {
        json.WriteStartObject(key);
        foreach (var (name, number) in numbers) json.WriteNumber(name, number);
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string key, string? expression, IReadOnlyList<string> names)
    {
        if (expression is not null)
        {
            json.WriteString(key, expression);
            return;
        }
        json.WriteStartArray(key);
        foreach (var name in names) json.WriteStringValue(name);
        json.WriteEndArray();
    }

    private void WriteLayers(Utf8JsonWriter json)
    {
        if (LayersToTransform is null)
        {
            json.WriteNull("layers_to_transform");
            return;
        }
        json.WriteStartArray("layers_to_transform");
        foreach (var layer in LayersToTransform) json.WriteNumberValue(layer);
        json.WriteEndArray();
    }
}
