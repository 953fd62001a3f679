using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Sixteen lanes in two YMM registers.</summary>
internal readonly unsafe partial struct Avx2Lanes : ILanes<Avx2Lanes>
{
    private readonly Vector256<float> _low;
    private readonly Vector256<float> _high;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Avx2Lanes(Vector256<float> low, Vector256<float> high)
    {
        _low = low;
        _high = high;
    }

    /// <summary>Lanes 0 to 7.</summary>
    public Vector256<float> Low
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _low;
    }

    /// <summary>Lanes 8 to 15.</summary>
    public Vector256<float> High
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _high;
    }

    public static bool IsOneRegister
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Create(float value)
    {
        var all = Vector256.Create(value);
        return new(all, all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Indices() =>
        new(Vector256.Create(0f, 1, 2, 3, 4, 5, 6, 7), Vector256.Create(8f, 9, 10, 11, 12, 13, 14, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Load(float* source) => new(Avx.LoadVector256(source), Avx.LoadVector256(source + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadPartial(float* source, int count) => count >= 8
        ? new(Avx.LoadVector256(source), count == 8 ? Vector256<float>.Zero : Avx.MaskLoad(source + 8, Mask(count - 8)))
        : new(Avx.MaskLoad(source, Mask(count)), Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Avx2Lanes value, float* destination)
    {
        Avx.Store(destination, value._low);
        Avx.Store(destination + 8, value._high);
    }

    // Masked stores are slow on several processors: widths are multiples of 8 most of the time, and need none.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Avx2Lanes value, float* destination, int count)
    {
        if (count < 8)
        {
            Avx.MaskStore(destination, Mask(count), value._low);
            return;
        }
        Avx.Store(destination, value._low);
        if (count > 8) Avx.MaskStore(destination + 8, Mask(count - 8), value._high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator +(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Add(left._low, right._low), Avx.Add(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator -(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Subtract(left._low, right._low), Avx.Subtract(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator *(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Multiply(left._low, right._low), Avx.Multiply(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes operator /(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Divide(left._low, right._low), Avx.Divide(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Fma(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) =>
        new(System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a._low, b._low, c._low),
            System.Runtime.Intrinsics.X86.Fma.MultiplyAdd(a._high, b._high, c._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes FmaNegated(Avx2Lanes a, Avx2Lanes b, Avx2Lanes c) =>
        new(System.Runtime.Intrinsics.X86.Fma.MultiplyAddNegated(a._low, b._low, c._low),
            System.Runtime.Intrinsics.X86.Fma.MultiplyAddNegated(a._high, b._high, c._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Sqrt(Avx2Lanes value) => new(Avx.Sqrt(value._low), Avx.Sqrt(value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Min(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Min(left._low, right._low), Avx.Min(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Max(Avx2Lanes left, Avx2Lanes right) =>
        new(Avx.Max(left._low, right._low), Avx.Max(left._high, right._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Abs(Avx2Lanes value) => new(Vector256.Abs(value._low), Vector256.Abs(value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Round(Avx2Lanes value) =>
        new(Avx.RoundToNearestInteger(value._low), Avx.RoundToNearestInteger(value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes IfLess(Avx2Lanes left, Avx2Lanes right, Avx2Lanes then, Avx2Lanes otherwise) =>
        new(Avx.BlendVariable(otherwise._low, then._low, Avx.CompareLessThan(left._low, right._low)),
            Avx.BlendVariable(otherwise._high, then._high, Avx.CompareLessThan(left._high, right._high)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes ScaleByPowerOfTwo(Avx2Lanes value, Avx2Lanes exponent) =>
        new(Scale(value._low, exponent._low), Scale(value._high, exponent._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes SplitExponent(Avx2Lanes value, out Avx2Lanes mantissa)
    {
        var lowExponent = Split(value._low, out var low);
        var highExponent = Split(value._high, out var high);
        mantissa = new(low, high);
        return new(lowExponent, highExponent);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FoldSum(Avx2Lanes value) => FoldSum(Avx.Add(value._low, value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FoldMax(Avx2Lanes value) => FoldMax(Avx.Max(value._low, value._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float First(Avx2Lanes value) => value._low.ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float FoldSum(Vector256<float> eight)
    {
        var four = Sse.Add(eight.GetLower(), eight.GetUpper());
        var two = Sse.Add(four, Sse.MoveHighToLow(four, four));
        return Sse.AddScalar(two, Sse.Shuffle(two, two, 1)).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float FoldMax(Vector256<float> eight)
    {
        var four = Sse.Max(eight.GetLower(), eight.GetUpper());
        var two = Sse.Max(four, Sse.MoveHighToLow(four, four));
        return Sse.MaxScalar(two, Sse.Shuffle(two, two, 1)).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Mask(int count) =>
        Avx2.CompareGreaterThan(Vector256.Create(count), Vector256.Create(0, 1, 2, 3, 4, 5, 6, 7)).AsSingle();

    // 2^128 is no float: half of the exponent at a time.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scale(Vector256<float> value, Vector256<float> exponent)
    {
        var whole = Avx.ConvertToVector256Int32(exponent);
        var half = Avx2.ShiftRightArithmetic(whole, 1);
        var bias = Vector256.Create(127);
        var first = Avx2.ShiftLeftLogical(Avx2.Add(half, bias), 23).AsSingle();
        var second = Avx2.ShiftLeftLogical(Avx2.Add(Avx2.Subtract(whole, half), bias), 23).AsSingle();
        return Avx.Multiply(Avx.Multiply(value, first), second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Split(Vector256<float> value, out Vector256<float> mantissa)
    {
        var rootHalf = Vector256.Create(0x3f3504f3);
        var bits = Avx2.Subtract(value.AsInt32(), rootHalf);
        mantissa = Avx2.Add(Avx2.And(bits, Vector256.Create(0x007fffff)), rootHalf).AsSingle();
        return Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(bits, 23));
    }
}
