using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// The one exp, log, sigmoid and tanh of the project (E4): + - * / sqrt, explicit FMA and integer operations only, so that
/// the bits do not depend on the processor's mathematics library. Polynomials: Cephes, single precision.
/// </summary>
internal static class VectorMath
{
    /// <summary>Below this exp is +0: the result would soon be denormal, and a softmax never sees 1e-38.</summary>
    public const float ExpUnderflow = -87.3f;

    private const float ExpOverflow = 89f; // exp is infinite from 88.72284
    private const float Log2E = 1.44269504088896341f;
    private const float Ln2High = 0.693359375f; // 9 bits: exact times any exponent
    private const float Ln2Low = -2.12194440e-4f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x) where T : unmanaged, ILanes<T>
    {
        var inRange = T.Min(T.Create(ExpOverflow), T.Max(T.Create(ExpUnderflow), x)); // NaN passes both
        var n = T.Round(inRange * T.Create(Log2E));
        var r = T.FmaNegated(n, T.Create(Ln2High), inRange);
        r = T.FmaNegated(n, T.Create(Ln2Low), r);
        var p = T.Create(1.9875691500e-4f);
        p = T.Fma(p, r, T.Create(1.3981999507e-3f));
        p = T.Fma(p, r, T.Create(8.3334519073e-3f));
        p = T.Fma(p, r, T.Create(4.1665795894e-2f));
        p = T.Fma(p, r, T.Create(1.6666665459e-1f));
        p = T.Fma(p, r, T.Create(5.0000001201e-1f));
        p = T.Fma(p, r * r, r) + T.Create(1f);
        return T.IfLess(x, T.Create(ExpUnderflow), T.Create(0f), T.ScaleByPowerOfTwo(p, n));
    }

    /// <summary>Natural logarithm; -inf for 0, NaN below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log<T>(T x) where T : unmanaged, ILanes<T>
    {
        var zero = T.Create(0f);
        var minNormal = T.Create(1.17549435e-38f);
        var normal = T.IfLess(x, minNormal, x * T.Create(8388608f), x);
        var e = T.SplitExponent(normal, out var m);
        e = T.IfLess(x, minNormal, e - T.Create(23f), e);
        m -= T.Create(1f);
        var z = m * m;
        var p = T.Create(7.0376836292e-2f);
        p = T.Fma(p, m, T.Create(-1.1514610310e-1f));
        p = T.Fma(p, m, T.Create(1.1676998740e-1f));
        p = T.Fma(p, m, T.Create(-1.2420140846e-1f));
        p = T.Fma(p, m, T.Create(1.4249322787e-1f));
        p = T.Fma(p, m, T.Create(-1.6668057665e-1f));
        p = T.Fma(p, m, T.Create(2.0000714765e-1f));
        p = T.Fma(p, m, T.Create(-2.4999993993e-1f));
        p = T.Fma(p, m, T.Create(3.3333331174e-1f));
        var y = p * m * z;
        y = T.Fma(e, T.Create(Ln2Low), y);
        y = T.FmaNegated(T.Create(0.5f), z, y);
        y = T.Fma(e, T.Create(Ln2High), m + y);
        y = T.IfLess(x, T.Create(float.PositiveInfinity), y, x); // inf and NaN stay
        var notPositive = T.IfLess(x, zero, T.Create(float.NaN), T.Create(float.NegativeInfinity) + x);
        return T.IfLess(zero, x, y, notPositive);
    }

    /// <summary>1 / (1 + exp(-x)), +0 below -87.3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid<T>(T x) where T : unmanaged, ILanes<T>
    {
        // exp of a negative number only: no overflow, and nothing denormal.
        var one = T.Create(1f);
        var zero = T.Create(0f);
        var e = Exp(zero - T.Abs(x));
        return T.IfLess(x, zero, e, one) / (one + e);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x) where T : unmanaged, ILanes<T>
    {
        var one = T.Create(1f);
        var zero = T.Create(0f);
        var size = T.Abs(x);
        var e = Exp(size + size);
        var large = one - T.Create(2f) / (e + one);
        large = T.IfLess(x, zero, zero - large, large);
        var z = x * x;
        var p = T.Create(-5.70498872745e-3f);
        p = T.Fma(p, z, T.Create(2.06390887954e-2f));
        p = T.Fma(p, z, T.Create(-5.37397155531e-2f));
        p = T.Fma(p, z, T.Create(1.33314422036e-1f));
        p = T.Fma(p, z, T.Create(-3.33332819422e-1f));
        var small = T.Fma(p * z, x, x);
        return T.IfLess(size, T.Create(0.625f), small, large);
    }

    /// <summary>exp of one number, with the bits of a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ExpOf<T>(float x) where T : unmanaged, ILanes<T> => T.First(Exp(T.Create(x)));

    /// <summary>Logarithm of one number, with the bits of a lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float LogOf<T>(float x) where T : unmanaged, ILanes<T> => T.First(Log(T.Create(x)));
}
