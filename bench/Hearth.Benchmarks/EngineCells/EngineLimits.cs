using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>The processor's multiply-add peak and the memory's read bandwidth, sampled between the rounds of a run; the best counts.</summary>
internal sealed class EngineLimits : IDisposable
{
    private readonly ComputePool _pool = new(EngineSide.Threads);
    private readonly NativeBlock _block = ReadBandwidth.Allocate();

    /// <summary>Operations a second, 2 threads.</summary>
    public double Peak { get; private set; }

    /// <summary>Bytes a second, 2 threads.</summary>
    public double Read { get; private set; }

    public void Sample()
    {
        Peak = Math.Max(Peak, FmaPeak.Measure(_pool, Simd.Level));
        Read = Math.Max(Read, ReadBandwidth.Measure(_pool, _block));
    }

    public void Dispose()
    {
        _pool.Dispose();
        _block.Dispose();
    }
}
