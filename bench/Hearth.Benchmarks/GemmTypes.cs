using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>
/// The product by storage type and number of rows: one row (decoding) against the memory's pace, more against the multiply-add peak.
/// </summary>
internal static class GemmTypes
{
    private const int Outputs = 1536, Inputs = 1536;
    private const long ColdBytes = 96L << 20; // weights used in turn, past the caches, as when a whole model is read
    private const int Rounds = 8;
    private const double Slice = 0.012;

    private static readonly WeightType[] Types =
        [WeightType.F16, WeightType.BF16, WeightType.Q8_0, WeightType.Q6_K, WeightType.Q4_0, WeightType.Q4_1, WeightType.Q4_K];

    private static readonly int[] RowCounts = [1, 2, 4, 8, 16, 24, 32, 48, 64, 512];

    public static void Run(Report report)
    {
        report.Note($"cells gemm-types-M-TYPE: N = {Outputs}, K = {Inputs}, 2 threads, {Simd.Level}, weights from memory, best of runs in turns with the limit they are compared with");
        report.Note("M = 1: bytes of the packed weight a second against memory reads; M > 1: GFLOP/s against the multiply-add peak");
        foreach (var type in Types)
        {
            if (!RowCounts.Any(rows => report.Wants(Name(rows, type)))) continue;
            var weights = Weights(type);
            foreach (int rows in RowCounts.Where(rows => report.Wants(Name(rows, type)))) Measure(report, rows, type, weights);
            foreach (var weight in weights) weight.Dispose();
        }
    }

    private static string Name(int rows, WeightType type) => $"gemm-types-{rows}-{type.ToString().ToLowerInvariant()}.";

    private static void Measure(Report report, int rows, WeightType type, PackedWeight[] copies)
    {
        using var pool = new ComputePool(2);
        using var inputBlock = NativeBlock.ForFloats(rows * Inputs, out var x);
        using var outputBlock = NativeBlock.ForFloats(rows * Outputs, out var y);
        for (int i = 0; i < x.Length; i++) x.Span[i] = (i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f;
        using var readBlock = rows == 1 ? ReadBandwidth.Allocate() : null;
        double best = double.MaxValue, peak = 0, read = 0;
        int number = 0;
        for (int round = 0; round < Rounds; round++)
        {
            if (readBlock != null) read = Math.Max(read, ReadBandwidth.Measure(pool, readBlock));
            else peak = Math.Max(peak, FmaPeak.Measure(pool, Simd.Level));
            best = Math.Min(best, Clock.TimeEach(i => Kernels.MatMul(pool, x, rows, copies[i % copies.Length], y), Slice, ref number));
        }
        string name = Name(rows, type).TrimEnd('.');
        if (readBlock != null) report.AddRate(name, 1e-9 * copies[0].Bytes / best, read / 1e9, "GB/s", "memory read, 2 threads");
        else report.AddRate(name, 2e-9 * rows * Outputs * Inputs / best, peak / 1e9, "GFLOP/s", "multiply-add peak, 2 threads");
    }

    // Any bytes are codes; these are 0.0001 to 2 as halves, so that scales are finite and, as in a model, few values are subnormal.
    private static PackedWeight[] Weights(WeightType type)
    {
        var bytes = new byte[type.RowBytes(Inputs) * Outputs];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)((i * 2654435761u >> 13) & 0x3F | 0x04);
        return [.. Enumerable.Range(0, (int)(ColdBytes / bytes.Length) + 1).Select(_ => PackedWeight.Pack(type, bytes, Outputs, Inputs))];
    }
}
