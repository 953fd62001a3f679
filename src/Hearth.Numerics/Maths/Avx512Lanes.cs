using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Sixteen lanes in one ZMM register.</summary>
internal readonly unsafe partial struct Avx512Lanes : ILanes<Avx512Lanes>
{
    private readonly Vector512<float> _all;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Avx512Lanes(Vector512<float> all) => _all = all;

    public static bool IsOneRegister
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Indices() => new(Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Load(float* source) => new(Avx512F.LoadVector512(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadPartial(float* source, int count) =>
        new(Avx512F.MaskLoad(source, Mask(count), Vector512<float>.Zero));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Avx512Lanes value, float* destination) => Avx512F.Store(destination, value._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(Avx512Lanes value, float* destination, int count)
    {
        if (count == 8) Avx.Store(destination, value._all.GetLower());
        else Avx512F.MaskStore(destination, Mask(count), value._all);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator +(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Add(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator -(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Subtract(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator *(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Multiply(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes operator /(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Divide(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Fma(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c) =>
        new(Avx512F.FusedMultiplyAdd(a._all, b._all, c._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes FmaNegated(Avx512Lanes a, Avx512Lanes b, Avx512Lanes c) =>
        new(Avx512F.FusedMultiplyAddNegated(a._all, b._all, c._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Sqrt(Avx512Lanes value) => new(Avx512F.Sqrt(value._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Min(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Min(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Max(Avx512Lanes left, Avx512Lanes right) => new(Avx512F.Max(left._all, right._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Abs(Avx512Lanes value) =>
        new(Avx512F.And(value._all.AsInt32(), Vector512.Create(0x7fffffff)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Round(Avx512Lanes value) => new(Avx512F.RoundScale(value._all, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes IfLess(Avx512Lanes left, Avx512Lanes right, Avx512Lanes then, Avx512Lanes otherwise) =>
        new(Avx512F.BlendVariable(otherwise._all, then._all, Avx512F.CompareLessThan(left._all, right._all)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes ScaleByPowerOfTwo(Avx512Lanes value, Avx512Lanes exponent) =>
        new(Avx512F.Scale(value._all, exponent._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes SplitExponent(Avx512Lanes value, out Avx512Lanes mantissa)
    {
        var rootHalf = Vector512.Create(0x3f3504f3);
        var bits = Avx512F.Subtract(value._all.AsInt32(), rootHalf);
        mantissa = new(Avx512F.Add(Avx512F.And(bits, Vector512.Create(0x007fffff)), rootHalf).AsSingle());
        return new(Avx512F.ConvertToVector512Single(Avx512F.ShiftRightArithmetic(bits, 23)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FoldSum(Avx512Lanes value) => Avx2Lanes.FoldSum(Avx.Add(value._all.GetLower(), value._all.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FoldMax(Avx512Lanes value) => Avx2Lanes.FoldMax(Avx.Max(value._all.GetLower(), value._all.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float First(Avx512Lanes value) => value._all.ToScalar();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Mask(int count) =>
        Avx512F.CompareGreaterThan(
            Vector512.Create(count),
            Vector512.Create(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)).AsSingle();
}
