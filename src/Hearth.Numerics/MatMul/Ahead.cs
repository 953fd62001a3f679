namespace Hearth.Numerics;

/// <summary>
/// Bytes that the next tile is widened from: micro kernels ask for them while they compute, <see cref="Step"/> further on with each k, because a
/// widening loop that met them in memory would wait for each line.
/// </summary>
internal readonly unsafe struct Ahead(byte* start, nint step)
{
    public readonly byte* Start = start;
    public readonly nint Step = step;
}
