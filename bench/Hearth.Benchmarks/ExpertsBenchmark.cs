using System.Buffers.Binary;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>
/// One layer's mixture of experts with Qwen3-30B-A3B's shapes (128 experts of 768, 8 a token, width 2,048): decoding against the read bandwidth, since it reads each chosen
/// expert once; prefill against the multiply-add peak.
/// </summary>
internal static class ExpertsBenchmark
{
    private const int Width = 2048, Rounds = 12;
    private const double Slice = 0.1;
    private static readonly ExpertParameters Parameters = new() { Count = 128, PerToken = 8, Width = 768, Normalize = true };

    public static void Run(Report report)
    {
        var machine = new Machine();
        var peaks = Machine.MeasurePeaks();
        machine.Describe(report, peaks);
        report.Note("cells moe-ROWS-TYPE: router, choice, grouping and experts of one layer, 2 threads, random rows, other ones each time; best of runs in turns with the limit");
        report.Note("limit of few rows: the bytes of the weights that are read; of 512 rows: the multiply-adds");
        foreach (var type in (WeightType[])[WeightType.Q4_0, WeightType.Q8_0])
        {
            string suffix = "-" + type.ToString().ToLowerInvariant();
            if (!new[] { 1, 8, 32, 512 }.Any(rows => report.Wants($"moe-{rows}{suffix}"))) continue;
            using var layer = Layer(type);
            foreach (int rows in (int[])[1, 8, 32, 512]) Measure(report, layer, type, rows, $"moe-{rows}{suffix}");
        }
        report.Note($"others took {machine.TakenByOthers():P0} of the processors' time during this run");
    }

    private static void Measure(Report report, ExpertLayer layer, WeightType type, int rows, string name)
    {
        if (!report.Wants(name)) return;
        const int batches = 16;
        using var pool = new ComputePool(2);
        using var arena = new Arena();
        using var block = ReadBandwidth.Allocate();
        using var inputs = NativeBlock.ForFloats((long)batches * rows * Width, out var x);
        using var outputs = NativeBlock.ForFloats((long)rows * Width, out var y);
        Fill(x.Span);
        var keep = new ExpertActivations();
        double best = double.MaxValue, read = 0, peak = 0, bytes = 0;
        int number = 0, calls = 0;
        for (int round = 0; round < Rounds; round++)
        {
            read = Math.Max(read, ReadBandwidth.Measure(pool, block));
            peak = Math.Max(peak, FmaPeak.Measure(pool, Simd.Level));
            best = Math.Min(best, Clock.TimeEach(i =>
            {
                arena.Reset();
                new ExpertForward(layer, 0, pool, arena, null!).Run(x.Slice(i % batches * rows * Width, rows * Width), keep, y);
                for (int expert = 0; expert < Parameters.Count; expert++)
                    if (keep.Groups.Starts[expert + 1] > keep.Groups.Starts[expert]) bytes += 3.0 * type.RowBytes(Width) * Parameters.Width;
                calls++;
            }, Slice, ref number));
        }
        if (rows == 512) report.AddRate(name, 2e-9 * rows * Parameters.PerToken * 3 * Width * Parameters.Width / best, peak / 1e9, "GFLOP/s", $"multiply-add peak, {Simd.Level}, 2 threads");
        else report.AddRate(name, 1e-9 * bytes / calls / best, read / 1e9, "GB/s", "memory read, 2 threads");
    }

    private static ExpertLayer Layer(WeightType type)
    {
        var router = Linear.Frozen("router", PackedWeight.PackFloat32(Random(Parameters.Count * Width), Parameters.Count, Width));
        PackedWeight[] All(int outputs, int inputs, byte seed) => [.. Enumerable.Range(0, Parameters.Count).Select(expert => PackedWeight.Pack(type, Blocks(type, (int)type.RowBytes(inputs) * outputs, (uint)(seed * 1000 + expert)), outputs, inputs))];
        return new ExpertLayer(Parameters, router, All(Parameters.Width, Width, 1), All(Parameters.Width, Width, 2), All(Width, Parameters.Width, 3));
    }

    private static byte[] Blocks(WeightType type, int count, uint seed)
    {
        var bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte)((((uint)i ^ seed * 0x9E3779B9u) * 0x85EBCA6Bu) >> 24);
        for (int start = 0; start < count; start += type.BlockBytes()) BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(start), (Half)0.002f);
        return bytes;
    }

    private static float[] Random(int count)
    {
        var values = new float[count];
        Fill(values);
        return values;
    }

    private static void Fill(Span<float> values)
    {
        for (int i = 0; i < values.Length; i++) values[i] = ((uint)i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f;
    }
}
