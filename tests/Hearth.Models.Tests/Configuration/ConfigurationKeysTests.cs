using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>No key of any file is overlooked: each is read, is listed with the reason why it changes nothing, or is refused by name.</summary>
[Trait("Category", "Fixtures")]
public sealed class ConfigurationKeysTests : IDisposable
{
    private const string Nonsense = """{"no": "such value"}""";
    private readonly TemporaryFolder _folder = new();

    /// <summary>Every file of a format in the fixtures that a supported model has: (format, path below the repository's or the shared fixtures).</summary>
    public static TheoryData<string, string> Files()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in ArchitectureCase.Names().Select(row => row.Data))
            foreach (var file in (string[])["config.json", "generation_config.json"])
                Add(data, file, Path.Combine(FixtureFolder.Find("architectures"), name, file));
        foreach (var folder in Directory.GetDirectories(FixtureFolder.Find("architectures")))
            foreach (var adapter in Directory.GetFiles(folder, "adapter_config.json", SearchOption.AllDirectories)) Add(data, "adapter_config.json", adapter);
        var tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        foreach (var file in (string[])["config.json", "generation_config.json", "tokenizer_config.json"]) Add(data, file, Path.Combine(tiny, file));
        if (FixtureFolder.TryFind("tokenizers/real") is { } tokenizers)
            foreach (var file in Directory.GetFiles(tokenizers, "tokenizer_config.json", SearchOption.AllDirectories)) Add(data, "tokenizer_config.json", file);
        return data;
    }

    [Theory, MemberData(nameof(Files))]
    public void A_published_file_is_read_without_refusal(string format, string path) => Read(format, File.ReadAllText(path));

    [Theory, MemberData(nameof(Files))]
    public void Every_key_is_refused_with_a_senseless_value_or_listed_with_the_reason_why_its_value_is_of_no_matter(string format, string path)
    {
        var listed = ListOf(format);
        foreach (var (key, _) in Parse(path).Where(entry => entry.Value is not null))
        {
            if (listed.TryGetValue(key, out var reason))
            {
                Assert.False(string.IsNullOrWhiteSpace(reason), key);
                continue;
            }
            if (format == "tokenizer_config.json" && key.EndsWith("_token", StringComparison.Ordinal)) continue; // a token's object may have any members
            var changed = Parse(path);
            changed[key] = JsonNode.Parse(Nonsense);
            var fault = Record.Exception(() => Read(format, changed.ToJsonString()));
            Assert.True(fault is InvalidDataException or NotSupportedException, $"'{key}' may be anything, and is on no list");
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void An_invented_key_is_refused_by_name_with_a_remedy(string format, string path)
    {
        foreach (var value in (string[])["1", "false", "[]", "\"text\"", Nonsense])
        {
            var changed = Parse(path);
            changed["invented_key"] = JsonNode.Parse(value);
            var fault = Assert.Throws<NotSupportedException>(() => Read(format, changed.ToJsonString()));
            Assert.Contains(format, fault.Message, StringComparison.Ordinal);
            Assert.Contains("'invented_key'", fault.Message, StringComparison.Ordinal);
            Assert.Contains("take it out of the file", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("config.json", """{"is_encoder_decoder": true}""", "is_encoder_decoder")]
    [InlineData("config.json", """{"add_cross_attention": true}""", "add_cross_attention")]
    [InlineData("config.json", """{"pruned_heads": {"0": [1]}}""", "pruned_heads")]
    [InlineData("config.json", """{"use_mrope": true}""", "use_mrope")]
    [InlineData("config.json", """{"rope_interleaved": true}""", "rope_interleaved")]
    [InlineData("config.json", """{"hidden_act": "gelu"}""", "hidden_act")]
    [InlineData("config.json", """{"partial_rotary_factor": 0.25}""", "partial_rotary_factor")]
    [InlineData("config.json", """{"sliding_window": 16}""", "sliding_window")]
    [InlineData("config.json", """{"quantization_config": {"quant_method": "awq", "bits": 4}}""", "quantization_config' (awq)")]
    [InlineData("config.json", """{"quantization_config": {"bits": 4}}""", "no quant_method")]
    [InlineData("config.json", """{"compression_config": {"format": "int-quantized"}}""", "compression_config")]
    [InlineData("config.json", """{"rope_parameters": null, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}""", "dynamic")]
    [InlineData("config.json", """{"rope_parameters": null, "rope_scaling": {"rope_type": "yarn", "type": "linear", "factor": 2.0}}""", "both must agree")]
    [InlineData("config.json", """{"rope_parameters": null, "rope_scaling": {"rope_type": "linear", "factor": 2.0, "short_factor": [1.0]}}""", "short_factor")]
    [InlineData("config.json", """{"rope_parameters": null, "rope_scaling": {"rope_type": "default", "partial_rotary_factor": 0.5}}""", "partial_rotary_factor")]
    [InlineData("config.json", """{"rope_parameters": null, "rope_scaling": {"rope_type": "llama3", "factor": "8", "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 8192}}""", "factor")]
    [InlineData("generation_config.json", """{"num_beams": 4}""", "num_beams")]
    [InlineData("generation_config.json", """{"no_repeat_ngram_size": 3}""", "no_repeat_ngram_size")]
    [InlineData("generation_config.json", """{"penalty_alpha": 0.6}""", "penalty_alpha")]
    [InlineData("generation_config.json", """{"suppress_tokens": [1]}""", "suppress_tokens")]
    [InlineData("generation_config.json", """{"forced_bos_token_id": 2}""", "forced_bos_token_id")]
    [InlineData("generation_config.json", """{"watermarking_config": {"bias": 2}}""", "watermarking_config")]
    [InlineData("generation_config.json", """{"temperature": "hot"}""", "temperature")]
    [InlineData("generation_config.json", """{"eos_token_id": "2"}""", "eos_token_id")]
    [InlineData("adapter_config.json", """{"use_dora": true}""", "use_dora")]
    [InlineData("adapter_config.json", """{"fan_in_fan_out": true}""", "fan_in_fan_out")]
    [InlineData("adapter_config.json", """{"layer_replication": [[0, 2], [1, 3]]}""", "layer_replication")]
    [InlineData("adapter_config.json", """{"modules_to_save": ["norm"]}""", "modules_to_save")]
    [InlineData("adapter_config.json", """{"trainable_token_indices": {"lm_head": [1]}}""", "trainable_token_indices")]
    [InlineData("adapter_config.json", """{"loftq_config": {"loftq_bits": 4}}""", "loftq_config")]
    [InlineData("adapter_config.json", """{"init_lora_weights": "pissa"}""", "init_lora_weights")]
    [InlineData("adapter_config.json", """{"bias": "some"}""", "bias")]
    [InlineData("adapter_config.json", """{"peft_type": "IA3"}""", "peft_type")]
    public void A_value_that_is_not_supported_is_refused_by_name(string format, string change, string name)
    {
        var path = format == "adapter_config.json" ? Path.Combine(FixtureFolder.Find("architectures"), "qwen3", "adapter", format) : Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", format);
        var changed = Parse(path);
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) changed[key] = value?.DeepClone();
        var fault = Record.Exception(() => Read(format, changed.ToJsonString()));
        Assert.True(fault is InvalidDataException or NotSupportedException, $"accepted: {change} ({fault})");
        Assert.Contains(name, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama.invented", true), InlineData("invented.key", true), InlineData("general.invented", true), InlineData("tokenizer.ggml.invented", true), InlineData("tokenizer.ggml.precompiled_charsmap", true)]
    [InlineData("general.url", false), InlineData("general.base_model.0.name", false), InlineData("quantize.imatrix.chunks_count", false)]
    public void A_gguf_key_is_listed_or_refused(string key, bool refused)
    {
        var path = WithKey(key, 7);
        if (!refused)
        {
            using var files = ModelFiles.Open(path);
            return;
        }
        var fault = Assert.Throws<NotSupportedException>(() => ModelFiles.Open(path));
        Assert.Contains($"'{key}'", fault.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(path), fault.Message, StringComparison.Ordinal);
        Assert.Contains("without it", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("split.count", 3u), InlineData("general.quantization_version", 1u), InlineData("llama.expert_count", 4u), InlineData("llama.attention.sliding_window", 64u)]
    [InlineData("llama.vocab_size", 11u), InlineData("llama.attention.value_length", 2u), InlineData("llama.rope.dimension_count", 2u), InlineData("llama.rope.scaling.type", 1u), InlineData("general.type", 1u)]
    public void A_gguf_value_that_is_not_supported_is_refused_by_name(string key, uint value)
    {
        var fault = Record.Exception(() => ModelFiles.Open(WithKey(key, value)));
        Assert.True(fault is InvalidDataException or NotSupportedException, $"accepted {key} = {value}");
    }

    [Fact]
    public void A_null_is_the_same_as_no_key()
    {
        var changed = Parse(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", "config.json"));
        changed["invented_key"] = null;
        Read("config.json", changed.ToJsonString());
    }

    public void Dispose() => _folder.Dispose();

    private static void Add(TheoryData<string, string> data, string format, string path)
    {
        if (File.Exists(path)) data.Add(format, path);
    }

    private static JsonObject Parse(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    private static IReadOnlyDictionary<string, string> ListOf(string format) => format switch
    {
        "config.json" => new Dictionary<string, string>([.. ConfigurationKeys.Model, .. ConfigurationKeys.Experts]),
        "generation_config.json" => ConfigurationKeys.Generation,
        "adapter_config.json" => ConfigurationKeys.Adapter,
        _ => ConfigurationKeys.Tokenizer,
    };

    private void Read(string format, string text)
    {
        var path = Path.Combine(_folder.Path, format);
        File.WriteAllText(path, text);
        switch (format)
        {
            case "config.json": ModelConfiguration.FromConfigFile(path); break;
            case "generation_config.json": GenerationConfiguration.Load(path); break;
            case "adapter_config.json": AdapterConfiguration.Load(path); break;
            default:
                ModelText.CheckKeys(path);
                Hearth.Tokenization.TokenizerConfig.Load(_folder.Path);
                break;
        }
    }

    /// <summary>The valid model of the malformed set with one more key, in front of the others.</summary>
    private string WithKey(string key, uint value)
    {
        const int alignment = 32, keys = 24; // magic, version, number of tensors, number of keys: then the keys begin
        var bytes = File.ReadAllBytes(Path.Combine(FixtureFolder.Find("gguf/malformed"), "model-valid.gguf"));
        var more = Entry(key, value);
        int count = 1;
        if (more.Length % alignment != 0)
        {
            // A second, harmless key fills up to whole units, so that the data stay aligned.
            const string filler = "general.source.";
            int length = (alignment - (more.Length + 16 + filler.Length) % alignment) % alignment;
            more = [.. more, .. Entry(filler + new string('x', length), 0)];
            count++;
        }
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)) + (ulong)count);
        var path = Path.Combine(_folder.Path, "with-key.gguf");
        File.WriteAllBytes(path, [.. bytes[..keys], .. more, .. bytes[keys..]]);
        return path;
    }

    private static byte[] Entry(string key, uint value)
    {
        const uint unsigned = 4;
        var entry = new byte[8 + key.Length + 8];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, (ulong)key.Length);
        Encoding.UTF8.GetBytes(key, entry.AsSpan(8));
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(8 + key.Length), unsigned);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(12 + key.Length), value);
        return entry;
    }
}
