using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Stacked experts of GGUF files, in every storage type, have the bits of a folder with one float32 tensor an expert (E7).</summary>
public sealed class ExpertGgufTests : IDisposable
{
    private const string Sizes = """{"hidden_size": 256, "moe_intermediate_size": 256, "num_hidden_layers": 2, "mlp_only_layers": [], "num_experts": 5, "num_experts_per_tok": 2, "vocab_size": 96}""";
    private static readonly int[] Prompt = [3, 14, 15, 92, 65, 35, 89, 79, 32, 38];

    private readonly TemporaryFolder _folder = new();
    private readonly ComputePool _pool = new(2);

    public static TheoryData<TensorType> Types => [TensorType.F32, TensorType.BF16, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q4_K, TensorType.Q6_K];

    [Theory, MemberData(nameof(Types))]
    public void A_stack_of_experts_has_the_bits_of_its_expansion(TensorType type)
    {
        string folder = RandomExperts.Create(Path.Combine(_folder.Path, "model"), Sizes), path = Path.Combine(_folder.Path, "model.gguf"), expanded = Path.Combine(_folder.Path, "expanded");
        using (var files = ModelFiles.Open(folder)) WriteGguf(files, type, path);
        Directory.CreateDirectory(expanded);
        File.Copy(Path.Combine(folder, "config.json"), Path.Combine(expanded, "config.json"));
        using var gguf = ModelFiles.Open(path);
        Assert.Equal(5, gguf.Configuration.Experts!.Count);
        Assert.Equal(type, gguf.Get("model.layers.1.mlp.experts.4.down_proj.weight").Type);
        var writer = new SafetensorsWriter();
        foreach (var name in gguf.Names) writer.Add(name, gguf.Get(name).Shape, gguf.Get(name).ToFloat32());
        writer.Save(Path.Combine(expanded, "model.safetensors"));
        using var original = ModelFiles.Open(expanded);
        TensorComparison.RequireEqualBits($"{type}", Logits(original), Logits(gguf));
    }

    [Fact]
    public void Experts_that_are_missing_or_too_many_are_refused()
    {
        string folder = RandomExperts.Create(Path.Combine(_folder.Path, "model"), Sizes), path = Path.Combine(_folder.Path, "model.gguf");
        using var files = ModelFiles.Open(folder);
        WriteGguf(files, TensorType.F32, path, without: "blk.1.ffn_up_exps.weight");
        Assert.Contains("blk.1.ffn_up_exps.weight", Assert.Throws<InvalidDataException>(() => ModelFiles.Open(path)).Message, StringComparison.Ordinal);
        WriteGguf(files, TensorType.F32, path, experts: 6);
        Assert.Contains("expected [6, 256]", Assert.Throws<InvalidDataException>(() => ModelFiles.Open(path)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _folder.Dispose();
    }

    private float[] Logits(ModelFiles files)
    {
        using var model = TransformerModel.Load(files);
        using var sequence = new SingleSequence(model, _pool);
        return sequence.Append(Prompt);
    }

    private static void WriteGguf(ModelFiles files, TensorType type, string path, string without = "", int? experts = null)
    {
        var model = files.Configuration;
        var writer = new GgufWriter();
        writer.Add("general.architecture", "qwen3moe");
        foreach (var (key, value) in new (string, object)[]
        {
            ("context_length", (uint)model.MaxPositions), ("embedding_length", (uint)model.Width), ("block_count", (uint)model.Layers), ("feed_forward_length", (uint)model.FeedForwardWidth),
            ("attention.head_count", (uint)model.Heads), ("attention.head_count_kv", (uint)model.KeyValueHeads), ("attention.key_length", (uint)model.HeadWidth),
            ("attention.value_length", (uint)model.HeadWidth), ("attention.layer_norm_rms_epsilon", model.RmsEpsilon), ("rope.freq_base", (float)model.Rope.Theta),
            ("expert_count", (uint)(experts ?? model.Experts!.Count)), ("expert_used_count", (uint)model.Experts!.PerToken), ("expert_feed_forward_length", (uint)model.Experts.Width),
        }) writer.Add("qwen3moe." + key, value);
        // Each expert's tensor adds its bytes to its stack; tensors come in ascending order of experts.
        var stacks = new OrderedDictionary<string, (TensorType Type, long[] Shape, List<byte> Bytes)>(StringComparer.Ordinal);
        foreach (var (name, shape) in ModelLayout.Tensors(model))
        {
            var (stored, part) = GgufNames.Locate(name)!.Value;
            var own = shape.Length == 1 || name.Contains("mlp.gate.", StringComparison.Ordinal) ? TensorType.F32 : shape[^1] % BlockEncoder.BlockSize(type) == 0 ? type : TensorType.Q8_0;
            var bytes = BlockEncoder.Encode(own, files.Get(name).ToFloat32());
            if (part is null) writer.Add(stored, own, shape, bytes);
            else
            {
                if (part == 0) stacks[stored] = (own, [model.Experts.Count, .. shape], []);
                stacks[stored].Bytes.AddRange(bytes);
            }
        }
        foreach (var (name, stack) in stacks)
            if (name != without) writer.Add(name, stack.Type, stack.Shape, [.. stack.Bytes]);
        writer.Save(path);
    }
}
