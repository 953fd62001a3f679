namespace Hearth.Numerics.Tests;

/// <summary>Reproducible test values: a hash of (seed, index).</summary>
internal static class Values
{
    /// <summary>Values in [-scale, scale).</summary>
    public static float[] Of(int seed, int count, float scale = 1f)
    {
        var values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)(((Hash(seed, i) >> 11) * (2.0 / (1L << 53)) - 1.0) * scale);
        return values;
    }

    public static int[] Integers(int seed, int count, int below)
    {
        var values = new int[count];
        for (int i = 0; i < count; i++) values[i] = (int)(Hash(seed, i) % (ulong)below);
        return values;
    }

    public static double[] Wide(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = values[i];
        return wide;
    }

    private static ulong Hash(int seed, int index)
    {
        ulong z = ((ulong)(uint)seed << 32 | (uint)index) + 0x9E3779B97F4A7C15UL;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ z >> 27) * 0x94D049BB133111EBUL;
        return z ^ z >> 31;
    }
}
