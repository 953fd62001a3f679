namespace Hearth.Numerics;

/// <summary>
/// Sixteen float32 lanes: two YMM registers, one ZMM register or plain code. Kernels are written once over this type, so that
/// AVX2 and AVX-512 give equal bits (E3): what a lane does depends on neither the width nor the number of registers.
/// </summary>
/// <remarks>Operators round after every operation; <see cref="Fma"/> rounds once on FMA hardware and twice in the portable code (E0).</remarks>
internal unsafe interface ILanes<T> where T : unmanaged, ILanes<T>
{
    /// <summary>Lanes in one value.</summary>
    const int Count = 16;

    /// <summary>True where one register holds all lanes, so that a kernel needs more values to hide the latency of FMA.</summary>
    static abstract bool IsOneRegister { get; }

    static abstract T Create(float value);

    /// <summary>0, 1, ... 15.</summary>
    static abstract T Indices();

    static abstract T Load(float* source);

    /// <summary>The first <paramref name="count"/> (1..15) values, then zeros. Memory behind them is not touched.</summary>
    static abstract T LoadPartial(float* source, int count);

    static abstract void Store(T value, float* destination);

    /// <summary>Stores the first <paramref name="count"/> (1..15) lanes only.</summary>
    static abstract void StorePartial(T value, float* destination, int count);

    static abstract T operator +(T left, T right);

    static abstract T operator -(T left, T right);

    static abstract T operator *(T left, T right);

    static abstract T operator /(T left, T right);

    /// <summary>a * b + c.</summary>
    static abstract T Fma(T a, T b, T c);

    /// <summary>c - a * b.</summary>
    static abstract T FmaNegated(T a, T b, T c);

    static abstract T Sqrt(T value);

    /// <summary>The smaller; <paramref name="right"/> where that is NaN.</summary>
    static abstract T Min(T left, T right);

    /// <summary>The larger; <paramref name="right"/> where that is NaN.</summary>
    static abstract T Max(T left, T right);

    static abstract T Abs(T value);

    /// <summary>Nearest integer, ties to even.</summary>
    static abstract T Round(T value);

    /// <summary><paramref name="left"/> &lt; <paramref name="right"/> ? <paramref name="then"/> : <paramref name="otherwise"/>; NaN compares false.</summary>
    static abstract T IfLess(T left, T right, T then, T otherwise);

    /// <summary>value * 2^exponent for an integral exponent in -126..128 and a value near 1.</summary>
    static abstract T ScaleByPowerOfTwo(T value, T exponent);

    /// <summary>value = mantissa * 2^exponent with mantissa in [sqrt(1/2), sqrt(2)), for positive normal numbers.</summary>
    static abstract T SplitExponent(T value, out T mantissa);

    /// <summary>Lanes folded 16-8-4-2-1, i with i + half (E3).</summary>
    static abstract float FoldSum(T value);

    static abstract float FoldMax(T value);

    static abstract float First(T value);
}
