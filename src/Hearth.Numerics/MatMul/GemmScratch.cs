namespace Hearth.Numerics;

/// <summary>Working memory of a pool's products; grows to the largest product and stays. The lock on it makes one product run at a time.</summary>
internal sealed unsafe class GemmScratch : IDisposable
{
    private NativeBlock? _shared;
    private NativeBlock? _perThread;

    /// <summary>At least <paramref name="floats"/> values that all threads read.</summary>
    public float* Shared(long floats) => Grow(ref _shared, floats);

    /// <summary>At least <paramref name="floats"/> values, to be divided among the threads.</summary>
    public float* PerThread(long floats) => Grow(ref _perThread, floats);

    public void Dispose()
    {
        _shared?.Dispose();
        _perThread?.Dispose();
    }

    private static float* Grow(ref NativeBlock? block, long floats)
    {
        long bytes = floats * sizeof(float);
        if (block == null || block.Bytes < bytes)
        {
            block?.Dispose();
            block = new NativeBlock(bytes);
        }
        return (float*)block.Pointer;
    }
}
