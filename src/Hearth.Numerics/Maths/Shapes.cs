using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>Checks the lengths that a kernel then trusts.</summary>
internal static class Shapes
{
    /// <exception cref="ArgumentException">The length differs.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Require(int length, long expected, string operation, string argument)
    {
        if (length != expected) Throw(length, expected, operation, argument);
    }

    /// <summary>Rows in <paramref name="length"/> values.</summary>
    /// <exception cref="ArgumentException">The length is no whole number of rows.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Rows(int length, int width, string operation, string argument)
    {
        if (width <= 0 || length % width != 0)
            throw new ArgumentException($"{operation}: {argument} has {length} values, expected whole rows of {width}.", argument);
        return length / width;
    }

    private static void Throw(int length, long expected, string operation, string argument) =>
        throw new ArgumentException($"{operation}: {argument} has {length} values, expected {expected}.", argument);
}
