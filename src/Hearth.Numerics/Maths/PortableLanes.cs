using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Hearth.Numerics;

/// <summary>Sixteen lanes of IEEE operations without FMA: what any processor does, correct to rounding (E0).</summary>
internal readonly unsafe struct PortableLanes : ILanes<PortableLanes>
{
    // The runtime maps this type to whatever registers the processor has; every operation below is exact IEEE in all of them.
    private readonly Vector512<float> _all;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private PortableLanes(Vector512<float> all) => _all = all;

    public static bool IsOneRegister
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Indices() => new(Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Load(float* source) => new(Vector512.Load(source));

    public static PortableLanes LoadPartial(float* source, int count)
    {
        float* lanes = stackalloc float[ILanes<PortableLanes>.Count];
        for (int i = 0; i < ILanes<PortableLanes>.Count; i++) lanes[i] = i < count ? source[i] : 0f;
        return Load(lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(PortableLanes value, float* destination) => value._all.Store(destination);

    public static void StorePartial(PortableLanes value, float* destination, int count)
    {
        float* lanes = stackalloc float[ILanes<PortableLanes>.Count];
        Store(value, lanes);
        for (int i = 0; i < count; i++) destination[i] = lanes[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator +(PortableLanes left, PortableLanes right) => new(left._all + right._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator -(PortableLanes left, PortableLanes right) => new(left._all - right._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator *(PortableLanes left, PortableLanes right) => new(left._all * right._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes operator /(PortableLanes left, PortableLanes right) => new(left._all / right._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Fma(PortableLanes a, PortableLanes b, PortableLanes c) => new(a._all * b._all + c._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes FmaNegated(PortableLanes a, PortableLanes b, PortableLanes c) => new(c._all - a._all * b._all);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Sqrt(PortableLanes value) => new(Vector512.Sqrt(value._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Min(PortableLanes left, PortableLanes right) => IfLess(left, right, left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Max(PortableLanes left, PortableLanes right) => IfLess(right, left, left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Abs(PortableLanes value) => new(Vector512.Abs(value._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes Round(PortableLanes value) => new(Vector512.Round(value._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes IfLess(PortableLanes left, PortableLanes right, PortableLanes then, PortableLanes otherwise) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(left._all, right._all), then._all, otherwise._all));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes ScaleByPowerOfTwo(PortableLanes value, PortableLanes exponent)
    {
        var whole = Vector512.ConvertToInt32(exponent._all);
        var half = whole >> 1;
        var bias = Vector512.Create(127);
        return new(value._all * ((half + bias) << 23).AsSingle() * ((whole - half + bias) << 23).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static PortableLanes SplitExponent(PortableLanes value, out PortableLanes mantissa)
    {
        var rootHalf = Vector512.Create(0x3f3504f3);
        var bits = value._all.AsInt32() - rootHalf;
        mantissa = new(((bits & Vector512.Create(0x007fffff)) + rootHalf).AsSingle());
        return new(Vector512.ConvertToSingle(bits >> 23));
    }

    public static float FoldSum(PortableLanes value)
    {
        float* lanes = stackalloc float[ILanes<PortableLanes>.Count];
        Store(value, lanes);
        for (int half = 8; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
    }

    public static float FoldMax(PortableLanes value)
    {
        float* lanes = stackalloc float[ILanes<PortableLanes>.Count];
        Store(value, lanes);
        for (int half = 8; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
        return lanes[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float First(PortableLanes value) => value._all.ToScalar();
}
