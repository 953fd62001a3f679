using System.Text.Json.Nodes;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Training;

/// <summary>Configuration and files of a model that Hearth pre-trains itself: Llama architecture, tied embeddings.</summary>
internal static class PretrainModel
{
    private const double RopeTheta = 10_000;
    private const double RmsEpsilon = 1e-5;

    public static ModelConfiguration Configuration(string folder) => ModelConfiguration.FromConfigFile(Path.Combine(folder, "config.json"));

    /// <summary>Writes the weights, rounded once to bfloat16 (nearest, ties to even), beside the tokenizer's files and config.json.</summary>
    public static void Save(TransformerModel model, string folder)
    {
        var parameters = model.Parameters!;
        var writer = new SafetensorsWriter();
        foreach (var parameter in parameters.All)
        {
            long[] shape = parameter.IsVector ? [parameter.Columns] : [parameter.Rows, parameter.Columns];
            writer.Add(parameter.Name, shape, parameters.Of(parameter), TensorType.BF16);
        }
        writer.Save(Path.Combine(folder, "model.safetensors"));
    }

    public static JsonObject ConfigJson(PretrainOptions options, Tokenizer tokenizer) => new()
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["hidden_size"] = options.Width,
        ["intermediate_size"] = options.FeedForwardWidth,
        ["num_hidden_layers"] = options.Layers,
        ["num_attention_heads"] = options.Heads,
        ["num_key_value_heads"] = options.KeyValueHeads,
        ["head_dim"] = options.Width / options.Heads,
        ["vocab_size"] = tokenizer.VocabularySize,
        ["max_position_embeddings"] = options.ContextLength,
        ["rope_theta"] = RopeTheta,
        ["rms_norm_eps"] = RmsEpsilon,
        ["hidden_act"] = "silu",
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["tie_word_embeddings"] = true,
        ["eos_token_id"] = tokenizer.TokenId(PretrainTokenizer.EndToken),
        ["pad_token_id"] = tokenizer.TokenId(PretrainTokenizer.PadToken),
        ["torch_dtype"] = "bfloat16",
    };
}
