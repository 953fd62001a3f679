using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>The product by storage type: decoding against the memory's pace, many rows against the multiply-add peak.</summary>
internal static class GemmTypes
{
    private const int Outputs = 1536, Inputs = 1536;
    private const long ColdBytes = 96L << 20; // weights used in turn, past the caches, as when a whole model is read

    private static readonly WeightType[] Types = [WeightType.BF16, WeightType.Q8_0, WeightType.Q6_K, WeightType.Q4_0, WeightType.Q4_1, WeightType.Q4_K];

    public static void Run(Report report)
    {
        if (!Types.Any(type => report.Wants(Name(1, type)) || report.Wants(Name(512, type)))) return;
        report.Note($"cells gemm-types-M-TYPE: N = {Outputs}, K = {Inputs}, 2 threads, weights from memory, best of runs in turns with the limit they are compared with");
        var weights = Types.Select(Weights).ToArray();
        foreach (int rows in (int[])[1, 512]) Measure(report, rows, weights);
        foreach (var weight in weights.SelectMany(copies => copies)) weight.Dispose();
    }

    private static string Name(int rows, WeightType type) => $"gemm-types-{rows}-{type.ToString().ToLowerInvariant()}";

    private static void Measure(Report report, int rows, PackedWeight[][] weights)
    {
        using var pool = new ComputePool(2);
        using var inputBlock = NativeBlock.ForFloats(rows * Inputs, out var x);
        using var outputBlock = NativeBlock.ForFloats(rows * Outputs, out var y);
        for (int i = 0; i < x.Length; i++) x.Span[i] = (i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f;
        var best = Enumerable.Repeat(double.MaxValue, Types.Length).ToArray();
        using var readBlock = ReadBandwidth.Allocate();
        double peak = 0, read = 0;
        int number = 0;
        for (int round = 0; round < 12; round++)
        {
            for (int t = 0; t < Types.Length; t++)
            {
                if (!report.Wants(Name(rows, Types[t]))) continue;
                if (rows == 1) read = Math.Max(read, ReadBandwidth.Measure(pool, readBlock));
                else peak = Math.Max(peak, FmaPeak.Measure(pool, Simd.Level));
                var copies = weights[t];
                best[t] = Math.Min(best[t], Clock.TimeEach(i => Kernels.MatMul(pool, x, rows, copies[i % copies.Length], y), 0.03, ref number));
            }
        }
        for (int t = 0; t < Types.Length; t++)
        {
            if (best[t] == double.MaxValue) continue;
            if (rows == 1) report.AddRate(Name(rows, Types[t]), 1e-9 * weights[t][0].Bytes / best[t], read / 1e9, "GB/s", "memory read, 2 threads");
            else report.AddRate(Name(rows, Types[t]), 2e-9 * rows * Outputs * Inputs / best[t], peak / 1e9, "GFLOP/s", "multiply-add peak, 2 threads");
        }
    }

    // Any bytes are codes; these are below 2 as halves, so that scales are finite.
    private static PackedWeight[] Weights(WeightType type)
    {
        var bytes = new byte[type.RowBytes(Inputs) * Outputs];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)((i * 2654435761u >> 13) & 0x3F);
        return [.. Enumerable.Range(0, (int)(ColdBytes / bytes.Length) + 1).Select(_ => PackedWeight.Pack(type, bytes, Outputs, Inputs))];
    }
}
