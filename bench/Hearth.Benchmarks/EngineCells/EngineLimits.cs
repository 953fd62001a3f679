using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>The processor's multiply-add peak and the memory's read bandwidth, sampled in turns with the rounds of each cell.</summary>
internal sealed class EngineLimits : IDisposable
{
    private readonly ComputePool _pool = new(EngineSide.Threads);
    private readonly NativeBlock _block = ReadBandwidth.Allocate();

    private readonly List<double> _peaks = [], _reads = [];
    private int _first; // sample of the current cell

    /// <summary>Operations a second, 2 threads: the best of the run, which only this machine's other processes lower.</summary>
    public double Peak => _peaks.Max();

    /// <summary>Bytes a second, 2 threads: median over the rounds of the current cell. Neighbours on the machine may change it by half from one minute to the next.</summary>
    public double Read => Turns.Median(_reads[_first..]);

    /// <summary>What was sampled in the whole run.</summary>
    public string Summary => $"multiply-add peak {_peaks.Min() / 1e9:F0} to {_peaks.Max() / 1e9:F0} GFLOP/s, memory read {_reads.Min() / 1e9:F1} to {_reads.Max() / 1e9:F1} GB/s";

    /// <summary>Forgets what was sampled for other cells.</summary>
    public void BeginCell() => _first = _peaks.Count;

    public void Sample()
    {
        _peaks.Add(FmaPeak.Measure(_pool, Simd.Level));
        _reads.Add(ReadBandwidth.Measure(_pool, _block));
    }

    public void Dispose()
    {
        _pool.Dispose();
        _block.Dispose();
    }
}
