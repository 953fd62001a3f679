using System.Runtime.InteropServices;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Runs a kernel at every SIMD level that this processor has, with one and two threads.</summary>
internal static class Everywhere
{
    public static readonly SimdLevel[] FmaLevels = [.. new[] { SimdLevel.Avx2, SimdLevel.Avx512 }.Where(level => level <= Simd.Widest)];

    /// <summary>
    /// The results of <paramref name="run"/>, after checking that AVX2 and AVX-512 with one and two threads gave equal bits, and the
    /// portable code nearly the same values and equal bits for both thread counts.
    /// </summary>
    public static float[][] SameBits(Func<ComputePool, float[][]> run, double portableTolerance = 2e-5)
    {
        float[][]? first = null;
        foreach (var level in FmaLevels)
        {
            foreach (int threads in (int[])[1, 2])
            {
                var result = Run(level, threads, run);
                first ??= result;
                for (int i = 0; i < result.Length; i++) RequireSameBits($"result {i}, {level}, {threads} threads", first[i], result[i]);
            }
        }
        var portable = Run(SimdLevel.Portable, 1, run);
        var portableTwo = Run(SimdLevel.Portable, 2, run);
        first ??= portable;
        for (int i = 0; i < portable.Length; i++)
        {
            RequireSameBits($"result {i}, portable, 2 threads", portable[i], portableTwo[i]);
            RequireClose($"result {i}, portable", [.. first[i].Select(value => (double)value)], portable[i], portableTolerance);
        }
        return first;
    }

    /// <summary>One output.</summary>
    public static float[] SameBits(Func<ComputePool, float[]> run, double portableTolerance = 2e-5) =>
        SameBits(pool => new[] { run(pool) }, portableTolerance)[0];

    public static float[][] Run(SimdLevel level, int threads, Func<ComputePool, float[][]> run)
    {
        using var pool = new ComputePool(threads);
        using var forced = Simd.Force(level);
        return run(pool);
    }

    public static void RequireSameBits(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var wanted = MemoryMarshal.Cast<float, int>(expected);
        var given = MemoryMarshal.Cast<float, int>(actual);
        int at = wanted.CommonPrefixLength(given);
        if (at < wanted.Length) Assert.Fail($"{what}: element {at} is {actual[at]:R}, expected the bits of {expected[at]:R}.");
    }

    /// <summary>max |actual - expected| within tolerance * max |expected|; NaN nowhere.</summary>
    public static void RequireClose(string what, ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        double size = 0;
        foreach (double value in expected) size = Math.Max(size, Math.Abs(value));
        for (int i = 0; i < expected.Length; i++)
            if (!(Math.Abs(actual[i] - expected[i]) <= tolerance * Math.Max(size, 1e-30)))
                Assert.Fail($"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R} within {tolerance:G3} of the largest value {size:G4}.");
    }

    public static void RequireClose(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        var wide = new double[expected.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = expected[i];
        RequireClose(what, wide, actual, tolerance);
    }
}
