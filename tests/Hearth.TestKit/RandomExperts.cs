using System.Text.Json.Nodes;
using Hearth.Models;

namespace Hearth.TestKit;

/// <summary>A small mixture of experts with random weights and the embedded model's tokenizer, so that whole paths run on one without fixtures.</summary>
public static class RandomExperts
{
    private const string Config = """
        {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_act": "silu", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 1200, "max_position_embeddings": 512, "rms_norm_eps": 1e-06, "rope_theta": 10000,
         "num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 40, "norm_topk_prob": true, "decoder_sparse_step": 1, "mlp_only_layers": [1],
         "tie_word_embeddings": true, "eos_token_id": 1, "pad_token_id": 0}
        """;

    /// <summary>Writes the model into a folder; always the same bytes.</summary>
    /// <param name="folder">Target; made where it is not there.</param>
    /// <param name="changes">Keys of config.json to set, as a JSON object.</param>
    /// <returns>The folder.</returns>
    public static string Create(string folder, string changes = "{}")
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(Config)!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(changes)!.AsObject()) config[key] = value?.DeepClone();
        File.WriteAllText(path, config.ToJsonString());
        var writer = new SafetensorsWriter();
        foreach (var (name, shape) in ModelLayout.Tensors(ModelConfiguration.FromConfigFile(path))) writer.Add(name, shape, Values(name, shape));
        writer.Save(Path.Combine(folder, "model.safetensors"));
        var embedded = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        foreach (var file in new[] { "tokenizer.json", "tokenizer_config.json" }) File.Copy(Path.Combine(embedded, file), Path.Combine(folder, file));
        return folder;
    }

    // Norms are ones, matrices uniform in +-0.15.
    private static float[] Values(string name, long[] shape)
    {
        var values = new float[shape.Aggregate(1L, (product, side) => product * side)];
        if (shape.Length == 1)
        {
            Array.Fill(values, 1f);
            return values;
        }
        var state = name.Aggregate(14695981039346656037UL, (hash, letter) => (hash ^ letter) * 1099511628211UL);
        for (int i = 0; i < values.Length; i++)
        {
            state = (state * 6364136223846793005UL) + 1442695040888963407UL;
            values[i] = (((state >> 40) * (1f / (1 << 23))) - 1f) * 0.15f;
        }
        return values;
    }
}
