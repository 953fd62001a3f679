using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// Row reductions by E3: sixteen virtual lanes, lane j takes elements j, j + 16, ... in order, then the lanes fold 16-8-4-2-1.
/// A partial last group adds +0 to the lanes that it lacks, which changes no bit.
/// </summary>
internal static unsafe class Reductions
{
    private const int Lanes = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum<T>(float* x, int length) where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        int i = 0;
        for (; i <= length - Lanes; i += Lanes) sum += T.Load(x + i);
        if (i < length) sum += T.LoadPartial(x + i, length - i);
        return T.FoldSum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfSquares<T>(float* x, int length) where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        int i = 0;
        for (; i <= length - Lanes; i += Lanes)
        {
            var value = T.Load(x + i);
            sum = T.Fma(value, value, sum);
        }
        if (i < length)
        {
            var value = T.LoadPartial(x + i, length - i);
            sum = T.Fma(value, value, sum);
        }
        return T.FoldSum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot<T>(float* x, float* y, int length) where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        int i = 0;
        for (; i <= length - Lanes; i += Lanes) sum = T.Fma(T.Load(x + i), T.Load(y + i), sum);
        if (i < length) sum = T.Fma(T.LoadPartial(x + i, length - i), T.LoadPartial(y + i, length - i), sum);
        return T.FoldSum(sum);
    }

    /// <summary>The largest value; -inf for no values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max<T>(float* x, int length) where T : unmanaged, ILanes<T>
    {
        var max = T.Create(float.NegativeInfinity);
        int i = 0;
        for (; i <= length - Lanes; i += Lanes) max = T.Max(max, T.Load(x + i));
        if (i < length) max = T.Max(max, LoadOr<T>(x + i, length - i, float.NegativeInfinity));
        return T.FoldMax(max);
    }

    /// <summary>Sum of exp(x - shift).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumExp<T>(float* x, int length, float shift) where T : unmanaged, ILanes<T>
    {
        var sum = T.Create(0f);
        var subtract = T.Create(shift);
        int i = 0;
        for (; i <= length - Lanes; i += Lanes) sum += VectorMath.Exp(T.Load(x + i) - subtract);
        if (i < length) sum += VectorMath.Exp(LoadOr<T>(x + i, length - i, float.NegativeInfinity) - subtract);
        return T.FoldSum(sum);
    }

    /// <summary>A partial load with <paramref name="fill"/> in the lanes that are not there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LoadOr<T>(float* x, int count, float fill) where T : unmanaged, ILanes<T> =>
        T.IfLess(T.Indices(), T.Create(count), T.LoadPartial(x, count), T.Create(fill));
}
