using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Packed weights take the room of the published file, five parts in a hundred more at most, in every storage type.</summary>
public sealed class PackedSizeTests
{
    private const double Most = 1.05;
    private const int Width = 512, FeedForward = 1536, Layers = 2, Heads = 8, KeyValueHeads = 2, Vocabulary = 8192;

    public static TheoryData<TensorType> Types() =>
        [TensorType.F32, TensorType.BF16, TensorType.F16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q4_K, TensorType.Q6_K];

    [Theory, MemberData(nameof(Types))]
    public void A_packed_file_is_as_large_as_the_published_one(TensorType type)
    {
        using var folder = new TemporaryFolder();
        var source = Write(type, folder.Path);
        using var files = ModelFiles.Open(source);
        using var model = TransformerModel.Load(files, new PackedStore(Path.Combine(folder.Path, "packed")));
        long published = new FileInfo(source).Length, packed = new FileInfo(model.Weights!.PackedFile!).Length;
        Assert.InRange(packed, published * 0.98, published * Most);
        Assert.InRange(model.Weights.Bytes, 1, model.Weights.SourceBytes * Most);
    }

    [Fact]
    public void A_tied_embedding_is_held_once()
    {
        using var folder = new TemporaryFolder();
        var source = Write(TensorType.BF16, folder.Path);
        using var files = ModelFiles.Open(source);
        using var model = TransformerModel.Load(files, new PackedStore(Path.Combine(folder.Path, "packed")));
        Assert.Same(model.Embedding, model.Head);
        const long embedding = Vocabulary * Width, layer = 2 * Width * Width + 2 * Width * Width * KeyValueHeads / Heads + 3 * Width * FeedForward;
        Assert.InRange(model.Weights!.Bytes, 2 * (embedding + Layers * layer), 2.1 * (embedding + Layers * layer)); // a second table would be 3.6
    }

    // Sizes do not depend on values: zeros will do, if scales and all.
    private static string Write(TensorType type, string folder)
    {
        var writer = new GgufWriter();
        writer.Add("general.architecture", "llama");
        foreach (var (key, value) in new (string, object)[]
        {
            ("context_length", 512u), ("embedding_length", (uint)Width), ("block_count", (uint)Layers), ("feed_forward_length", (uint)FeedForward),
            ("attention.head_count", (uint)Heads), ("attention.head_count_kv", (uint)KeyValueHeads), ("attention.layer_norm_rms_epsilon", 1e-5f),
        }) writer.Add("llama." + key, value);
        Matrix("token_embd", Vocabulary, Width);
        for (int layer = 0; layer < Layers; layer++)
        {
            Vector($"blk.{layer}.attn_norm");
            Vector($"blk.{layer}.ffn_norm");
            foreach (var (name, outputs, inputs) in new[]
            {
                ("attn_q", Width, Width), ("attn_k", Width * KeyValueHeads / Heads, Width), ("attn_v", Width * KeyValueHeads / Heads, Width), ("attn_output", Width, Width),
                ("ffn_gate", FeedForward, Width), ("ffn_up", FeedForward, Width), ("ffn_down", Width, FeedForward),
            }) Matrix($"blk.{layer}.{name}", outputs, inputs);
        }
        Vector("output_norm");
        var path = Path.Combine(folder, $"{type}.gguf");
        writer.Save(path);
        return path;

        void Matrix(string name, int outputs, int inputs) => writer.Add(name + ".weight", type, [outputs, inputs], new byte[type.ByteLength((long)outputs * inputs)]);
        void Vector(string name) => writer.Add(name + ".weight", TensorType.F32, [Width], new byte[4 * Width]);
    }
}
