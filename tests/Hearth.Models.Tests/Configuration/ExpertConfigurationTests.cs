using System.Text.Json.Nodes;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>config.json of mixtures of experts.</summary>
public sealed class ExpertConfigurationTests : IDisposable
{
    private const string Published = """
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 6,
         "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-06, "num_experts": 8, "num_experts_per_tok": 2,
         "moe_intermediate_size": 48, "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [], "max_window_layers": 6, "output_router_logits": false,
         "router_aux_loss_coef": 0.001, "sliding_window": null, "use_sliding_window": false}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-config-").FullName;

    [Fact]
    public void Sizes_are_read_and_every_layer_has_experts()
    {
        var configuration = Read("{}");
        Assert.Equal(new ExpertParameters { Count = 8, PerToken = 2, Width = 48, Normalize = true }, configuration.Experts);
        Assert.All(Enumerable.Range(0, 6), layer => Assert.True(configuration.HasExperts(layer)));
        Assert.True(configuration.QkNorm);
        Assert.Equal(16, configuration.HeadWidth); // the quotient, as in transformers
        Assert.False(Read("""{"norm_topk_prob": null}""").Experts!.Normalize);
    }

    [Fact]
    public void The_count_has_two_names() =>
        Assert.Equal(4, Read("""{"num_experts": null, "num_local_experts": 4}""").Experts!.Count);

    // Layer n has experts where n + 1 is a multiple of the step and mlp_only_layers does not name it.
    [Theory]
    [InlineData("""{"decoder_sparse_step": 2}""", new[] { 0, 2, 4 })]
    [InlineData("""{"mlp_only_layers": [5, 0]}""", new[] { 0, 5 })]
    [InlineData("""{"decoder_sparse_step": 2, "mlp_only_layers": [1]}""", new[] { 0, 1, 2, 4 })]
    [InlineData("""{"decoder_sparse_step": null, "mlp_only_layers": null}""", new int[0])]
    public void Some_layers_stay_dense(string change, int[] dense) => Assert.Equal(dense, Read(change).DenseLayers);

    [Fact]
    public void A_layers_modules_are_those_of_attention_and_of_every_expert()
    {
        var configuration = Read("""{"mlp_only_layers": [0]}""");
        Assert.Equal(ModelLayout.LayerModules, ModelLayout.ModulesOf(configuration, 0));
        var modules = ModelLayout.ModulesOf(configuration, 1).ToList();
        Assert.Equal(4 + 3 * 8, modules.Count);
        Assert.Equal("mlp.experts.7.down_proj", modules[^1]);
        Assert.Equal((64, 48), ModelLayout.LinearShape(configuration, modules[^1]));
        Assert.Contains(ModelLayout.Tensors(configuration), tensor => tensor.Name == "model.layers.1.mlp.gate.weight" && tensor.Shape is [8, 64]);
        Assert.DoesNotContain(ModelLayout.Tensors(configuration), tensor => tensor.Name == "model.layers.0.mlp.gate.weight");
    }

    [Theory]
    [InlineData("""{"use_sliding_window": true, "sliding_window": 8}""", "use_sliding_window")]
    [InlineData("""{"shared_expert_intermediate_size": 64}""", "shared_expert_intermediate_size")]
    [InlineData("""{"hidden_act": "gelu"}""", "hidden_act")]
    public void What_is_not_supported_is_refused_by_name(string change, string name) =>
        Assert.Contains(name, Assert.Throws<NotSupportedException>(() => Read(change)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"num_experts": null}""", "num_experts")]
    [InlineData("""{"num_local_experts": 16}""", "num_local_experts")]
    [InlineData("""{"num_experts_per_tok": 9}""", "experts a token")]
    [InlineData("""{"num_experts_per_tok": 0}""", "experts a token")]
    [InlineData("""{"num_experts": 2000000}""", "number of experts")]
    [InlineData("""{"moe_intermediate_size": 0}""", "expert")]
    [InlineData("""{"moe_intermediate_size": null}""", "moe_intermediate_size")]
    [InlineData("""{"decoder_sparse_step": 0}""", "decoder_sparse_step")]
    [InlineData("""{"mlp_only_layers": [6]}""", "mlp_only_layers")]
    public void What_is_out_of_range_or_missing_is_named(string change, string name) =>
        Assert.Contains(name, Assert.Throws<InvalidDataException>(() => Read(change)).Message, StringComparison.Ordinal);

    [Fact]
    public void Training_all_weights_is_refused()
    {
        var refusal = Assert.Throws<NotSupportedException>(() => TransformerModel.CreateTrainable(Read("{}"), seed: 1));
        Assert.Contains("mixture of experts", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fresh_adapter_is_on_attention_and_on_dense_layers()
    {
        using var adapter = LoraAdapter.Create(Read("""{"mlp_only_layers": [0]}"""), rank: 2, alpha: 4, seed: 1);
        Assert.Equal(2 * (7 + 5 * 4), adapter.Parameters.All.Count);
        Assert.NotNull(adapter.Pair(0, Projection.Down));
        Assert.Null(adapter.Pair(1, Projection.Down));
        Assert.False(adapter.HasExperts(1));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private ModelConfiguration Read(string change)
    {
        var config = JsonNode.Parse(Published)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) config[key] = value?.DeepClone();
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, config.ToJsonString());
        return ModelConfiguration.FromConfigFile(path);
    }
}
