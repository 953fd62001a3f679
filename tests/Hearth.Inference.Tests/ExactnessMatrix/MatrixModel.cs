using Hearth.Models;
using Hearth.TestKit;

namespace Hearth.Inference.Tests;

/// <summary>The models of the exactness matrix, as GGUF files of every storage type.</summary>
internal static class MatrixModel
{
    public const string Embedded = "hearth-tiny", FourLayers = "smollm2-4-layers", Real = "SmolLM2-135M-Instruct";

    public static readonly TensorType[] Types =
        [TensorType.F32, TensorType.BF16, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q4_K, TensorType.Q6_K];

    /// <summary>Writes a model with its matrices in a type; rows that no whole blocks fit are Q8_0, as llama.cpp's quantiser does.</summary>
    public static string Write(string name, TensorType type, string folder)
    {
        var path = Path.Combine(folder, $"{name}-{type}.gguf");
        if (name == FourLayers) Write(SmolLm(layers: 4), tensor => Random(tensor.Name, tensor.Shape), type, path);
        else Rewrite(name == Embedded ? Path.Combine(FixtureFolder.RepositoryRoot, "models", Embedded) : FixtureFolder.TryFindModel(Real)!, type, path);
        return path;
    }

    /// <summary>The float32 values that a file's blocks stand for, as a file of their own.</summary>
    public static string Expand(string path)
    {
        var expanded = path + ".expanded.gguf";
        Rewrite(path, TensorType.F32, expanded);
        return expanded;
    }

    private static void Rewrite(string from, TensorType type, string to)
    {
        using var files = ModelFiles.Open(from);
        Write(files.Configuration, tensor => files.Get(tensor.Name).ToFloat32(), type, to);
    }

    private static void Write(ModelConfiguration model, Func<(string Name, long[] Shape), float[]> values, TensorType type, string path)
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", "llama");
        foreach (var (key, value) in new (string, object)[]
        {
            ("context_length", (uint)model.MaxPositions), ("embedding_length", (uint)model.Width), ("block_count", (uint)model.Layers),
            ("feed_forward_length", (uint)model.FeedForwardWidth), ("attention.head_count", (uint)model.Heads), ("attention.head_count_kv", (uint)model.KeyValueHeads),
            ("attention.key_length", (uint)model.HeadWidth), ("attention.value_length", (uint)model.HeadWidth), ("rope.dimension_count", (uint)model.HeadWidth),
            ("attention.layer_norm_rms_epsilon", model.RmsEpsilon), ("rope.freq_base", (float)model.Rope.Theta), ("vocab_size", (uint)model.VocabularySize),
        }) writer.Add("llama." + key, value);
        foreach (var (name, shape) in ModelLayout.Tensors(model))
        {
            var data = values((name, shape));
            if (name.Contains(".q_proj.", StringComparison.Ordinal) || name.Contains(".k_proj.", StringComparison.Ordinal)) data = ToNeighbours(data, (int)shape[1], model.HeadWidth);
            var stored = shape.Length == 1 ? TensorType.F32 : shape[^1] % BlockEncoder.BlockSize(type) == 0 ? type : TensorType.Q8_0;
            writer.Add(GgufName(name), stored, shape, BlockEncoder.Encode(stored, data));
        }
        writer.Save(path);
    }

    // GGUF's llama has the two halves of a rotary pair as neighbouring rows.
    private static float[] ToNeighbours(float[] rows, int width, int head)
    {
        var result = new float[rows.Length];
        for (var row = 0; row < rows.Length / width; row++)
        {
            int first = row / head * head, i = row % head;
            rows.AsSpan((first + (i % 2 * head / 2) + (i / 2)) * width, width).CopyTo(result.AsSpan(row * width));
        }
        return result;
    }

    private static string GgufName(string name)
    {
        var full = name.Replace("model.layers.", "blk.", StringComparison.Ordinal);
        foreach (var (from, to) in new[]
        {
            ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
            ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
            ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
        }) full = full.Replace(from, to, StringComparison.Ordinal);
        return full;
    }

    // Uniform with a standard deviation of 0.05: logits far enough apart for greedy answers to wander.
    private static float[] Random(string name, long[] shape)
    {
        var random = new Rng(name.Aggregate(7u, (sum, letter) => (sum * 31) + letter));
        var values = new float[shape.Aggregate(1L, (product, dimension) => product * dimension)];
        for (var i = 0; i < values.Length; i++) values[i] = shape.Length == 1 ? 1 : ((random.Below(1 << 20) / (float)(1 << 19)) - 1) * 0.087f;
        return values;
    }

    // The sizes of SmolLM2-135M, all but the number of layers.
    private static ModelConfiguration SmolLm(int layers) => new()
    {
        Architecture = "llama",
        VocabularySize = 49152,
        Width = 576,
        FeedForwardWidth = 1536,
        Layers = layers,
        Heads = 9,
        KeyValueHeads = 3,
        HeadWidth = 64,
        MaxPositions = 8192,
        RmsEpsilon = 1e-5f,
        Rope = new() { Theta = 100000 },
        TieEmbeddings = true,
        Windows = new int[layers],
    };
}
