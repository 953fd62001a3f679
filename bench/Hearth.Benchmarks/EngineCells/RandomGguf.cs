using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hearth.Models;

namespace Hearth.Benchmarks;

/// <summary>
/// GGUF files with SmolLM2-135M's shapes, random weights and a vocabulary of pairs of bytes, so that both sides read the same file and neither
/// a download nor values matter. Kept in the user's cache folder between runs.
/// </summary>
internal sealed class RandomGguf : IDisposable
{
    public const int Vocabulary = 49152, Layers = 30, KvHeads = 3, HeadWidth = 64, Width = 576;
    private const int FeedForward = 1536, Heads = 9, Alignment = 32;
    private const string Version = "1"; // of what is written here
    private readonly FileStream _file;
    private readonly List<(string Name, int[] Shape, GgufType Type, long Offset)> _tensors = [];
    private readonly GgufType _type;
    private long _dataBytes;

    private RandomGguf(string path, GgufType type)
    {
        _type = type;
        _file = File.Create(path, 1 << 20);
        Matrix("token_embd.weight", Vocabulary, Width);
        Vector("output_norm.weight");
        for (int layer = 0; layer < Layers; layer++)
        {
            string prefix = $"blk.{layer}.";
            Vector(prefix + "attn_norm.weight");
            Matrix(prefix + "attn_q.weight", Heads * HeadWidth, Width);
            Matrix(prefix + "attn_k.weight", KvHeads * HeadWidth, Width);
            Matrix(prefix + "attn_v.weight", KvHeads * HeadWidth, Width);
            Matrix(prefix + "attn_output.weight", Width, Heads * HeadWidth);
            Vector(prefix + "ffn_norm.weight");
            Matrix(prefix + "ffn_gate.weight", FeedForward, Width);
            Matrix(prefix + "ffn_up.weight", FeedForward, Width);
            Matrix(prefix + "ffn_down.weight", Width, FeedForward);
        }
    }

    /// <summary>Numbers of GGUF's tensor types.</summary>
    public enum GgufType
    {
        F32 = 0,
        F16 = 1,
        Q4_0 = 2,
        Q8_0 = 8,
    }

    /// <summary>Path of the file with matrices of a type; written on first use.</summary>
    public static string Path(GgufType type)
    {
        string path = System.IO.Path.Combine(Folder, $"random-135m-{type.ToString().ToLowerInvariant()}-v{Version}.gguf");
        if (File.Exists(path)) return path;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        string partial = path + "." + Environment.ProcessId;
        using (var file = new RandomGguf(partial, type)) file.Write();
        File.Move(partial, path, overwrite: true);
        return path;
    }

    /// <summary>Packed weights of these files, as a data directory has them.</summary>
    public static PackedStore Store => new(PackedStore.FolderBelow(Folder));

    private static string Folder => System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home ? home : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "hearth-bench");

    /// <summary>Bytes of a file before its tensors.</summary>
    public static long HeadBytes(GgufType type)
    {
        using var file = GgufFile.Open(Path(type));
        return new FileInfo(Path(type)).Length - file.Names.Sum(name => (long)file.Get(name).Bytes.Length);
    }

    public void Dispose() => _file.Dispose();

    private void Matrix(string name, int outputs, int inputs) => Add(name, [outputs, inputs], _type);

    private void Vector(string name) => Add(name, [Width], GgufType.F32);

    private void Add(string name, int[] shape, GgufType type)
    {
        _tensors.Add((name, shape, type, _dataBytes));
        _dataBytes = Aligned(_dataBytes + Bytes(shape, type));
    }

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static long Bytes(int[] shape, GgufType type)
    {
        long values = shape.Aggregate(1L, (product, size) => product * size);
        return type switch
        {
            GgufType.F32 => values * 4,
            GgufType.F16 => values * 2,
            GgufType.Q8_0 => values / 32 * 34,
            _ => values / 32 * 18,
        };
    }

    private void Write()
    {
        var header = new GgufHeader(_tensors.Count);
        header.Add("general.architecture", "llama");
        header.Add("general.name", "random 135M");
        header.Add("llama.block_count", (uint)Layers);
        header.Add("llama.context_length", 8192u);
        header.Add("llama.embedding_length", (uint)Width);
        header.Add("llama.feed_forward_length", (uint)FeedForward);
        header.Add("llama.attention.head_count", (uint)Heads);
        header.Add("llama.attention.head_count_kv", (uint)KvHeads);
        header.Add("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        header.Add("llama.rope.freq_base", 100000f);
        header.Add("llama.rope.dimension_count", (uint)HeadWidth);
        header.Add("llama.vocab_size", (uint)Vocabulary);
        RandomVocabulary.AddTo(header, Vocabulary);
        foreach (var (name, shape, type, offset) in _tensors) header.AddTensor(name, shape, (uint)type, offset);
        _file.Write(header.ToArray(Alignment));
        long start = _file.Position;
        for (int i = 0; i < _tensors.Count; i++)
        {
            var (_, shape, type, offset) = _tensors[i];
            _file.SetLength(start + offset);
            _file.Position = start + offset;
            var bytes = new byte[Bytes(shape, type)];
            Fill(bytes, type, (uint)i);
            _file.Write(bytes);
        }
    }

    // Standard deviation 0.02, as freshly initialised models have; vectors are the weights of norms.
    private static void Fill(Span<byte> bytes, GgufType type, uint tensor)
    {
        switch (type)
        {
            case GgufType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).Fill(1f);
                break;
            case GgufType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < halves.Length; i++) halves[i] = (Half)(((Hash(tensor, i) >> 8) * (1f / (1 << 23)) - 1f) * 0.035f);
                break;
            default:
                int block = type == GgufType.Q8_0 ? 34 : 18;
                var scale = (Half)(type == GgufType.Q8_0 ? 0.035f / 127 : 0.035f / 8);
                for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(Hash(tensor, i) >> 24);
                for (int start = 0; start < bytes.Length; start += block) BinaryPrimitives.WriteHalfLittleEndian(bytes[start..], scale);
                break;
        }
    }

    private static uint Hash(uint tensor, int index)
    {
        uint hash = ((uint)index ^ tensor * 0x9E3779B9u) * 0x85EBCA6Bu;
        return (hash ^ hash >> 13) * 0xC2B2AE35u;
    }
}
