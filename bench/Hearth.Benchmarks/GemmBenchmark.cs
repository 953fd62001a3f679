using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Is the matrix product near what the processor can do, and is it faster than OpenBLAS on a real model's layers?</summary>
internal static class GemmBenchmark
{
    // SmolLM2-135M: attention output and query, key and value, gate and up, down, vocabulary; [N outputs, K inputs].
    private static readonly (int N, int K)[] Layers = [(576, 576), (192, 576), (1536, 576), (576, 1536), (49152, 576)];
    private static readonly int[] Rows = [1, 32, 512];
    private const long ColdFloats = 48L << 20; // float32 weights used in turn: 192 MB, past any cache here, as when a whole model is read

    public static void Run(Report report, bool oursOnly)
    {
        var machine = new Machine();
        var peaks = Machine.MeasurePeaks();
        machine.Describe(report, peaks);
        report.Note("gemm-peak: M = 512, N = 576, bf16 weights, 2 threads, best of many runs against the multiply-add peak measured in turns with it");
        foreach (var level in new[] { Simd.Level, SimdLevel.Avx512, SimdLevel.Avx2 }.Distinct().Where(level => level <= Simd.Widest && level > SimdLevel.Portable))
        {
            string suffix = level == Simd.Level ? "" : "-" + level.ToString().ToLowerInvariant();
            using var _ = Simd.Force(level);
            Peak(report, "gemm-peak-512x576" + suffix, 576);
            Peak(report, "gemm-peak-512x1536" + suffix, 1536);
        }
        if (!oursOnly && Layers.Any(layer => Rows.Any(rows => report.Wants(CellName(rows, layer.N, layer.K, 1)) || report.Wants(CellName(rows, layer.N, layer.K, 2))))) Compare(report, peaks);
        report.Note($"others took {machine.TakenByOthers():P0} of the processors' time during this run");
    }

    private static void Peak(Report report, string name, int inputs)
    {
        if (!report.Wants(name)) return;
        const int rows = 512, outputs = 576;
        using var pool = new ComputePool(2);
        using var weight = PackedWeight.PackFloat32(Values(outputs * inputs), outputs, inputs, WeightType.BF16);
        using var inputBlock = NativeBlock.ForFloats(rows * inputs, out var x);
        using var outputBlock = NativeBlock.ForFloats(rows * outputs, out var y);
        Values(rows * inputs).CopyTo(x.Span);
        double peak = 0, best = double.MaxValue;
        for (int round = 0; round < 800; round++)
        {
            peak = Math.Max(peak, FmaPeak.Measure(pool, Simd.Level));
            for (int i = 0; i < 4; i++) best = Math.Min(best, Clock.Time(() => Kernels.MatMul(pool, x, rows, weight, y)));
        }
        report.AddRate(name, 2e-9 * rows * outputs * inputs / best, peak / 1e9, "GFLOP/s", $"multiply-add peak, {Simd.Level}, 2 threads");
    }

    private static void Compare(Report report, Peaks peaks)
    {
        var peers = OpenBlasPeer.StartAll();
        if (peers.Count == 0)
        {
            report.Note("OpenBLAS is not installed, nothing to compare with: apt-get install libopenblas0-openmp");
            return;
        }
        foreach (var peer in peers) report.Note($"peer: {peer.Version.Trim()} with OPENBLAS_CORETYPE={peer.CoreType}");
        report.Note("cells gemm-MxNxK-THREADSt: ours with bf16 weights (-f32: with float32 weights), the peer with float32 (it has no mixed product), the faster kernel set of the two; weights from memory, best of runs in turns");
        foreach (int threads in (int[])[1, 2])
        {
            foreach (int rows in Rows)
            {
                foreach (var (n, k) in Layers) CompareLayer(report, peers, peaks, threads, rows, n, k);
            }
        }
        foreach (var peer in peers) peer.Dispose();
    }

    private static void CompareLayer(Report report, IReadOnlyList<OpenBlasPeer> peers, Peaks peaks, int threads, int rows, int n, int k)
    {
        string name = CellName(rows, n, k, threads);
        if (!report.Wants(name)) return;
        int copies = (int)Math.Max(1, (ColdFloats + (long)n * k - 1) / ((long)n * k));
        using var pool = new ComputePool(threads);
        using var weights = new Weights(n, k, copies, WeightType.BF16);
        using var floats = rows == 1 ? new Weights(n, k, copies, WeightType.F32) : null;
        using var inputBlock = NativeBlock.ForFloats(rows * k, out var x);
        using var outputBlock = NativeBlock.ForFloats(rows * n, out var y);
        Values(rows * k).CopyTo(x.Span);
        double best = double.MaxValue, bestFloat = double.MaxValue;
        var peerBest = peers.ToDictionary(peer => peer, _ => (Seconds: double.MaxValue, Routine: ""));
        int number = 0;
        double slice = rows == 512 ? 0.03 : 0.015;
        for (int round = 0; round < 12; round++)
        {
            best = Math.Min(best, Clock.TimeEach(i => Kernels.MatMul(pool, x, rows, weights[i], y), slice, ref number));
            if (floats != null) bestFloat = Math.Min(bestFloat, Clock.TimeEach(i => Kernels.MatMul(pool, x, rows, floats[i], y), slice, ref number));
            foreach (var peer in peers)
            {
                var timed = peer.Time(threads, rows, n, k, copies, slice);
                if (timed.Seconds < peerBest[peer].Seconds) peerBest[peer] = timed;
                Thread.Sleep(2); // OpenMP threads spin for a while after their last product
            }
        }
        var winner = peerBest.MinBy(pair => pair.Value.Seconds);
        double work = 2e-9 * rows * n * k;
        string peerName = $"OpenBLAS {winner.Key.CoreType} {winner.Value.Routine}";
        report.AddRate(name, work / best, work / winner.Value.Seconds, "GFLOP/s", peerName);
        double peak = threads == 1 ? peaks.One : peaks.Two;
        if (rows == 512 && n >= 576 && 1e9 * work / winner.Value.Seconds < 0.7 * peak)
            report.Note($"suspect: the peer of {name} reaches {1e9 * work / winner.Value.Seconds / peak:P0} of the multiply-add peak; OpenBLAS is known for more than 70 % at this size");
        if (floats != null) report.AddRate(name + "-f32", work / bestFloat, work / winner.Value.Seconds, "GFLOP/s", peerName);
    }

    private static string CellName(int rows, int n, int k, int threads) => $"gemm-{rows}x{n}x{k}-{threads}t";

    private static float[] Values(int count)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (i * 2654435761u >> 8) * (1f / (1 << 23)) - 1f;
        return values;
    }

    /// <summary>Equal matrices used in turn, so that every product reads its weights from memory.</summary>
    private sealed class Weights(int n, int k, int copies, WeightType type) : IDisposable
    {
        private readonly PackedWeight[] _copies = Pack(n, k, copies, type);

        public PackedWeight this[int number] => _copies[number % _copies.Length];

        public void Dispose()
        {
            foreach (var copy in _copies) copy.Dispose();
        }

        private static PackedWeight[] Pack(int n, int k, int copies, WeightType type)
        {
            float[] values = Values(n * k);
            return [.. Enumerable.Range(0, copies).Select(_ => PackedWeight.PackFloat32(values, n, k, type))];
        }
    }
}
