using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Attention of SmolLM2-135M's shape: decoding against the memory's pace, a prompt against the multiply-add peak.</summary>
internal static class AttentionBenchmark
{
    private const int Heads = 9, KvHeads = 3, Width = 64;
    private const int Rounds = 12;

    // Sequences and their lengths; a prompt is one sequence, all of whose positions are queries.
    private static readonly (string Name, int Sequences, int Length)[] Decodes =
        [("decode-1x512", 1, 512), ("decode-1x4096", 1, 4096), ("decode-32x512", 32, 512), ("decode-64x2048", 64, 2048)];

    public static void Run(Report report)
    {
        report.Note($"attention, {Heads} heads of {Width} over {KvHeads}, f32 keys and values, 2 threads, {Simd.Level}; a decode cell is one step of a layer, layers used in turn, past the caches");
        foreach (var (name, sequences, length) in Decodes)
            if (report.Wants(name)) Decode(report, name, sequences, length);
        foreach (int length in (int[])[512, 2048])
            if (report.Wants($"prefill-{length}")) Prefill(report, $"prefill-{length}", length);
    }

    private static void Decode(Report report, string name, int sequences, int length)
    {
        long layerBytes = 2L * sequences * length * KvHeads * Width * sizeof(float);
        int layers = (int)Math.Clamp((64L << 20) / layerBytes, 1, 128) + 1;
        var segments = Enumerable.Range(0, sequences).Select(s => new AttentionSegment(s, 1, length - 1, s * Blocks(length))).ToArray();
        using var pool = new ComputePool(2);
        using var cache = new Cache(sequences * Blocks(length), layers);
        using var readBlock = ReadBandwidth.Allocate();
        using var qBlock = NativeBlock.ForFloats(sequences * Heads * Width, out var q);
        using var oBlock = NativeBlock.ForFloats(q.Length, out var o);
        Fill(q);
        double best = double.MaxValue, read = 0;
        int number = 0;
        for (int round = 0; round < Rounds; round++)
        {
            read = Math.Max(read, ReadBandwidth.Measure(pool, readBlock));
            best = Math.Min(best, Clock.TimeEach(i => Kernels.Attention(pool, q, segments, cache.Table, cache.Layer(i), Shape, o, default), 0.02, ref number));
        }
        report.AddRate("attention-" + name, 1e-9 * layerBytes / best, read / 1e9, "GB/s", "memory read, 2 threads");
    }

    private static void Prefill(Report report, string name, int length)
    {
        using var pool = new ComputePool(2);
        using var cache = new Cache(Blocks(length), 1);
        using var qBlock = NativeBlock.ForFloats(length * Heads * Width, out var q);
        using var oBlock = NativeBlock.ForFloats(q.Length, out var o);
        Fill(q);
        AttentionSegment[] segments = [new(0, length, 0, 0)];
        double best = double.MaxValue, peak = 0;
        for (int round = 0; round < Rounds; round++)
        {
            peak = Math.Max(peak, FmaPeak.Measure(pool, Simd.Level));
            for (int i = 0; i < 4; i++) best = Math.Min(best, Clock.Time(() => Kernels.Attention(pool, q, segments, cache.Table, cache.Layer(0), Shape, o, default)));
        }
        // Two products, half of whose pairs the causal mask leaves.
        report.AddRate("attention-" + name, 1e-9 * 2 * length * (length + 1.0) * Heads * Width / best, peak / 1e9, "GFLOP/s", "multiply-add peak, 2 threads");
    }

    private static AttentionShape Shape => new(Heads, KvHeads, Width, 0.125f);

    private static int Blocks(int length) => (length + Kernels.KvBlock - 1) / Kernels.KvBlock;

    private static void Fill(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++) values[i] = (i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f;
    }

    /// <summary>Layers of keys and values whose blocks lie in another order than the positions.</summary>
    private sealed class Cache : IDisposable
    {
        private readonly NativeBlock[] _blocks;
        private readonly KvLayer[] _layers;

        public Cache(int blocks, int layers)
        {
            Table = [.. Enumerable.Range(0, blocks).Reverse()];
            _blocks = new NativeBlock[2 * layers];
            _layers = new KvLayer[layers];
            for (int i = 0; i < layers; i++)
            {
                int floats = blocks * KvHeads * Width * Kernels.KvBlock;
                _blocks[2 * i] = NativeBlock.ForFloats(floats, out var keys);
                _blocks[2 * i + 1] = NativeBlock.ForFloats(floats, out var values);
                Fill(keys);
                Fill(values);
                _layers[i] = new KvLayer(keys, values, KvHeads, Width);
            }
        }

        public int[] Table { get; }

        public KvLayer Layer(int number) => _layers[number % _layers.Length];

        public void Dispose()
        {
            foreach (var block in _blocks) block.Dispose();
        }
    }
}
