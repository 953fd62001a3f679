namespace Hearth.TestKit;

/// <summary>How far two tensors are apart, as the fixtures' READMEs define it.</summary>
public static class TensorComparison
{
    /// <summary>max |actual - expected| / max |expected|; the plain difference where all expected values are 0. NaN or infinity gives infinity.</summary>
    public static double RelativeError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length) throw new ArgumentException($"{expected.Length} values expected, {actual.Length} given.", nameof(actual));
        double difference = 0, size = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (!float.IsFinite(actual[i]) || !float.IsFinite(expected[i])) return double.PositiveInfinity;
            difference = Math.Max(difference, Math.Abs((double)actual[i] - expected[i]));
            size = Math.Max(size, Math.Abs((double)expected[i]));
        }
        return size == 0 ? difference : difference / size;
    }

    /// <summary>Fails the test where the relative error is above the tolerance; says what, how far and where.</summary>
    /// <exception cref="TensorMismatchException">The tensors are too far apart.</exception>
    public static void RequireClose(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        var error = RelativeError(expected, actual);
        if (error <= tolerance) return;
        var worst = Worst(expected, actual);
        throw new TensorMismatchException(FormattableString.Invariant(
            $"{what}: relative error {error:E2} is above {tolerance:E2}; worst at {worst}: expected {expected[worst]:R}, got {actual[worst]:R}."));
    }

    /// <summary>Fails the test where any bit differs; any NaN equals any other.</summary>
    /// <exception cref="TensorMismatchException">A value differs.</exception>
    public static void RequireEqualBits(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length) throw new TensorMismatchException($"{what}: {expected.Length} values expected, {actual.Length} given.");
        for (int i = 0; i < expected.Length; i++)
        {
            var (want, got) = (BitConverter.SingleToInt32Bits(expected[i]), BitConverter.SingleToInt32Bits(actual[i]));
            if (want != got && !(float.IsNaN(expected[i]) && float.IsNaN(actual[i])))
                throw new TensorMismatchException(FormattableString.Invariant($"{what}: value {i} is {actual[i]:R} (0x{got:X8}), expected {expected[i]:R} (0x{want:X8})."));
        }
    }

    private static int Worst(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        var (worst, largest) = (0, -1.0);
        for (int i = 0; i < expected.Length; i++)
        {
            var difference = Math.Abs((double)actual[i] - expected[i]);
            if (!double.IsFinite(difference)) return i;
            if (difference > largest) (worst, largest) = (i, difference);
        }
        return worst;
    }
}

/// <summary>Two tensors differ by more than a test allows.</summary>
public sealed class TensorMismatchException(string message) : Exception(message);
