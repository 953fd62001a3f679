using System.Runtime.InteropServices;

namespace Hearth.Numerics.Tests;

/// <summary>Reproducible values: a hash of (seed, index), no generator state.</summary>
internal static class Sample
{
    /// <summary>Values in [-1, 1) with full fractions, so that rounding happens everywhere.</summary>
    public static float[] Floats(int seed, int count)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)((Hash(seed, i) >> 11) * (2.0 / (1L << 53)) - 1.0);
        return values;
    }

    /// <summary>File bytes of a weight with finite values.</summary>
    public static byte[] WeightBytes(WeightType type, int seed, int outputs, int inputs)
    {
        if (type == WeightType.F32) return MemoryMarshal.AsBytes(Floats(seed, outputs * inputs).AsSpan()).ToArray();
        var bytes = new byte[type.RowBytes(inputs) * outputs];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)Hash(seed, i);
        int block = type.BlockBytes();
        // Halves (scales, minima, plain values) get a moderate exponent and keep sign and fraction, so that nothing overflows.
        int first = type == WeightType.Q6_K ? 208 : 0, halves = type is WeightType.Q4_1 or WeightType.Q4_K ? 2 : 1;
        for (int start = first; start < bytes.Length; start += block)
        {
            for (int upper = start + 1; upper < start + 2 * halves; upper += 2)
                bytes[upper] = (byte)(type == WeightType.BF16 ? bytes[upper] & 0x81 | 0x3E : bytes[upper] & 0x8F | 0x30);
        }
        return bytes;
    }

    /// <summary><paramref name="inputs"/>, or the next whole number of the type's blocks.</summary>
    public static int WholeBlocks(WeightType type, int inputs) => (inputs + type.BlockLength() - 1) / type.BlockLength() * type.BlockLength();

    /// <summary>An integer in [low, high].</summary>
    public static int Integer(int seed, int index, int low, int high) => low + (int)(Hash(seed, index) % (ulong)(high - low + 1));

    private static ulong Hash(int seed, int index)
    {
        ulong z = ((ulong)(uint)seed << 32 | (uint)index) + 0x9E3779B97F4A7C15UL;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ z >> 27) * 0x94D049BB133111EBUL;
        return z ^ z >> 31;
    }
}
