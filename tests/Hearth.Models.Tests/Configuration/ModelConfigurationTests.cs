using System.Text.Json.Nodes;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>config.json: both styles mean the same, and nothing in it is overlooked.</summary>
public sealed class ModelConfigurationTests : IDisposable
{
    private const string Llama = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 128,
         "num_hidden_layers": 4, "num_attention_heads": 4, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-05}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-config-").FullName;

    [Fact]
    public void Missing_keys_have_the_familys_defaults()
    {
        var configuration = Read(Llama, "{}");
        Assert.Equal((4, 16, 1e-5f), (configuration.KeyValueHeads, configuration.HeadWidth, configuration.RmsEpsilon));
        Assert.Equal([0, 0, 0, 0], configuration.Windows);
        Assert.Equal((RopeType.Default, 10000), (configuration.Rope.Type, configuration.Rope.Theta));
        Assert.False(configuration.TieEmbeddings || configuration.QkvBias || configuration.OutputBias || configuration.MlpBias || configuration.QkNorm);
        Assert.Null(configuration.BosTokenId);
        Assert.Empty(configuration.EosTokenIds);
    }

    [Theory]
    [InlineData("""{"rope_theta": 500000.0, "rope_scaling": {"type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}""")]
    [InlineData("""{"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 32}}""")]
    [InlineData("""{"rope_scaling": null, "rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}}""")]
    public void Published_and_current_rope_keys_mean_the_same(string change)
    {
        var expected = new RopeParameters { Type = RopeType.Llama3, Theta = 500000, Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaxPositions = 32 };
        Assert.Equal(expected, Read(Llama, change).Rope);
    }

    [Theory]
    [InlineData("""{"eos_token_id": 2}""", new[] { 2 })]
    [InlineData("""{"eos_token_id": [7, 9]}""", new[] { 7, 9 })]
    [InlineData("""{"eos_token_id": null}""", new int[0])]
    public void End_tokens_are_a_number_or_a_list(string change, int[] expected) => Assert.Equal(expected, Read(Llama, change).EosTokenIds);

    // qwen2: the layers from max_window_layers on have the window, if use_sliding_window; layer_types say it outright.
    [Theory]
    [InlineData("""{"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 3}""", new[] { 0, 0, 0, 8 })]
    [InlineData("""{"use_sliding_window": false, "sliding_window": 8, "max_window_layers": 3}""", new[] { 0, 0, 0, 0 })]
    [InlineData("""{"use_sliding_window": true, "sliding_window": 8, "max_window_layers": 9, "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"]}""", new[] { 8, 0, 0, 8 })]
    public void Qwen_layers_have_their_own_windows(string change, int[] expected)
    {
        var configuration = Read(Llama, """{"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "num_key_value_heads": 2}""", change);
        Assert.Equal(expected, configuration.Windows);
        Assert.True(configuration.QkvBias);
        Assert.False(configuration.OutputBias);
    }

    [Theory]
    [InlineData("""{"sliding_window": 8}""", 8)]
    [InlineData("""{"sliding_window": null}""", 0)]
    [InlineData("""{"sliding_window": 0}""", 0)]
    [InlineData("""{}""", 4096)]
    public void Mistral_has_one_window_for_all_layers(string change, int expected)
    {
        var configuration = Read(Llama, """{"model_type": "mistral", "architectures": ["MistralForCausalLM"], "num_key_value_heads": 2}""", change);
        Assert.All(configuration.Windows, window => Assert.Equal(expected, window));
    }

    [Theory]
    [InlineData("""{"hidden_act": "gelu"}""", "hidden_act")]
    [InlineData("""{"model_type": "mamba"}""", "'mamba'")]
    [InlineData("""{"architectures": ["LlamaForSequenceClassification"]}""", "LlamaForSequenceClassification")]
    [InlineData("""{"attention_multiplier": 0.5}""", "attention_multiplier")]
    [InlineData("""{"quantization_config": {"quant_method": "gptq"}}""", "quantization_config")]
    [InlineData("""{"auto_map": {"AutoModel": "code.py"}}""", "auto_map")]
    [InlineData("""{"partial_rotary_factor": 0.5}""", "partial_rotary_factor")]
    [InlineData("""{"sliding_window": 8}""", "sliding_window")]
    [InlineData("""{"layer_types": ["chunked_attention", "full_attention", "full_attention", "full_attention"]}""", "layer_types")]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}""", "longrope")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "factor": 2.0, "mrope_section": [1, 2]}}""", "mrope_section")]
    public void What_is_not_supported_is_refused_by_name(string change, string name) =>
        Assert.Contains(name, Assert.Throws<NotSupportedException>(() => Read(Llama, change)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"num_key_value_heads": 3}""", "key-value heads")]
    [InlineData("""{"num_attention_heads": 0}""", "attention heads")]
    [InlineData("""{"num_hidden_layers": 2000000000}""", "layers")]
    [InlineData("""{"head_dim": 15}""", "head size")]
    [InlineData("""{"vocab_size": "100"}""", "vocab_size")]
    [InlineData("""{"hidden_size": 64.5}""", "hidden_size")]
    [InlineData("""{"hidden_size": null}""", "hidden_size")]
    [InlineData("""{"rms_norm_eps": -1}""", "epsilon")]
    [InlineData("""{"bos_token_id": 100}""", "special token")]
    [InlineData("""{"rope_theta": 0}""", "theta")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear"}}""", "factor")]
    [InlineData("""{"rope_scaling": {"rope_type": "default"}, "rope_parameters": {"rope_type": "default"}}""", "both")]
    public void What_is_out_of_range_or_missing_is_named(string change, string name) =>
        Assert.Contains(name, Assert.Throws<InvalidDataException>(() => Read(Llama, change)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_key_that_appears_twice_is_refused()
    {
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, """{"model_type": "llama", "model_type": "qwen2"}""");
        Assert.Throws<InvalidDataException>(() => ModelConfiguration.FromConfigFile(path));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ModelConfiguration Read(string json, params string[] changes)
    {
        var config = JsonNode.Parse(json)!.AsObject();
        foreach (var change in changes)
            foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) config[key] = value?.DeepClone();
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, config.ToJsonString());
        return ModelConfiguration.FromConfigFile(path);
    }
}
