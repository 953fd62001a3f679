using System.Text.Json;
using Hearth.Models;

namespace Hearth.Benchmarks;

/// <summary>A checkpoint folder with SmolLM2-135M's shapes and random bf16 weights: speed depends on neither values nor a download.</summary>
internal static class RandomModel
{
    public const int Vocabulary = 49152;
    private const int Width = 576, FeedForward = 1536, Layers = 30, Heads = 9, KvHeads = 3, HeadWidth = 64;

    public static void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["architectures"] = new[] { "LlamaForCausalLM" },
            ["model_type"] = "llama",
            ["hidden_size"] = Width,
            ["intermediate_size"] = FeedForward,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["head_dim"] = HeadWidth,
            ["vocab_size"] = Vocabulary,
            ["max_position_embeddings"] = 8192,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 100000.0,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = "bfloat16",
            ["bos_token_id"] = 1,
            ["eos_token_id"] = 2,
        }));
        var writer = new SafetensorsWriter();
        Matrix(writer, "model.embed_tokens.weight", Vocabulary, Width);
        Ones(writer, "model.norm.weight");
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            Ones(writer, prefix + "input_layernorm.weight");
            Ones(writer, prefix + "post_attention_layernorm.weight");
            Matrix(writer, prefix + "self_attn.q_proj.weight", Heads * HeadWidth, Width);
            Matrix(writer, prefix + "self_attn.k_proj.weight", KvHeads * HeadWidth, Width);
            Matrix(writer, prefix + "self_attn.v_proj.weight", KvHeads * HeadWidth, Width);
            Matrix(writer, prefix + "self_attn.o_proj.weight", Width, Heads * HeadWidth);
            Matrix(writer, prefix + "mlp.gate_proj.weight", FeedForward, Width);
            Matrix(writer, prefix + "mlp.up_proj.weight", FeedForward, Width);
            Matrix(writer, prefix + "mlp.down_proj.weight", Width, FeedForward);
        }
        writer.Save(Path.Combine(folder, "model.safetensors"));
    }

    private static void Ones(SafetensorsWriter writer, string name)
    {
        var ones = new float[Width];
        Array.Fill(ones, 1f);
        writer.Add(name, [Width], ones, TensorType.BF16);
    }

    private static void Matrix(SafetensorsWriter writer, string name, int outputs, int inputs)
    {
        var values = new float[outputs * inputs];
        uint seed = (uint)name.Length * 0x9E3779B9u + name.Aggregate(0u, (sum, letter) => sum * 31 + letter);
        for (int i = 0; i < values.Length; i++)
        {
            uint hash = ((uint)i ^ seed) * 0x85EBCA6Bu;
            hash = (hash ^ hash >> 13) * 0xC2B2AE35u;
            values[i] = ((hash >> 8) * (1f / (1 << 23)) - 1f) * 0.035f; // uniform with a standard deviation of 0.02
        }
        writer.Add(name, [outputs, inputs], values, TensorType.BF16);
    }
}
