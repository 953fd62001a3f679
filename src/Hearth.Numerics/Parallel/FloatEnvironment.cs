using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// Checks that a thread keeps denormal numbers: .NET cannot set MXCSR, and a native library built with fast-math may
/// have switched flush-to-zero on, which would change results silently.
/// </summary>
internal static class FloatEnvironment
{
    private static readonly float[] Factors = [1e-30f, 1e-10f];

    /// <exception cref="InvalidOperationException">This thread flushes denormals to zero.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Verify()
    {
        if (Volatile.Read(ref Factors[0]) * Volatile.Read(ref Factors[1]) == 0f)
            throw new InvalidOperationException("This thread flushes denormal numbers to zero: a native library changed MXCSR. Unload it.");
    }
}
