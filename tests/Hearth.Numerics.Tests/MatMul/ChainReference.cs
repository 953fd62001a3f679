namespace Hearth.Numerics.Tests;

/// <summary>The obvious loops: an output is one chain from +0 (or from what is there), fused unless the level is portable.</summary>
internal static class ChainReference
{
    /// <summary>C [rows, columns] from a(row, k) and b(k, column).</summary>
    public static void Product(int rows, int columns, int chain, Func<int, int, float> a, Func<int, int, float> b, float[] c, bool accumulate, bool fused)
    {
        var left = new float[rows * chain];
        for (int i = 0; i < left.Length; i++) left[i] = a(i / chain, i % chain);
        var right = new float[columns * chain];
        for (int i = 0; i < right.Length; i++) right[i] = b(i % chain, i / chain);
        for (int row = 0; row < rows; row++)
        {
            var x = left.AsSpan(row * chain, chain);
            for (int column = 0; column < columns; column++)
            {
                var w = right.AsSpan(column * chain, chain);
                float sum = accumulate ? c[row * columns + column] : 0f;
                if (fused) for (int k = 0; k < x.Length; k++) sum = MathF.FusedMultiplyAdd(x[k], w[k], sum);
                else for (int k = 0; k < x.Length; k++) sum += x[k] * w[k];
                c[row * columns + column] = sum;
            }
        }
    }

    /// <summary>Asserts equal bits; NaNs count as equal whatever their payload.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Xunit.Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) == BitConverter.SingleToInt32Bits(actual[i])) continue;
            if (float.IsNaN(expected[i]) && float.IsNaN(actual[i])) continue;
            Xunit.Assert.Fail($"{what}: element {i} of {expected.Length} is {actual[i]:R}, expected {expected[i]:R}.");
        }
    }
}
