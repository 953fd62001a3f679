using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y = exp(x - shift), element by element, by the one exp (E4); +0 below -87.3.</summary>
    /// <remarks>y may be x. One row on the caller's thread: the sampler's probabilities.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ExpShifted(ReadOnlySpan<float> x, float shift, Span<float> y)
    {
        Shapes.Require(y.Length, x.Length, nameof(ExpShifted), nameof(y));
        fixed (float* xs = x, ys = y)
        {
            switch (Simd.Level)
            {
                case SimdLevel.Avx512: ExpShiftedRange<Avx512Lanes>(xs, shift, ys, x.Length); break;
                case SimdLevel.Avx2: ExpShiftedRange<Avx2Lanes>(xs, shift, ys, x.Length); break;
                default: ExpShiftedRange<PortableLanes>(xs, shift, ys, x.Length); break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ExpShiftedRange<T>(float* x, float shift, float* y, int length) where T : unmanaged, ILanes<T>
    {
        var shifts = T.Create(shift);
        int i = 0;
        for (; i <= length - ILanes<T>.Count; i += ILanes<T>.Count) T.Store(VectorMath.Exp(T.Load(x + i) - shifts), y + i);
        if (i < length) T.StorePartial(VectorMath.Exp(T.LoadPartial(x + i, length - i) - shifts), y + i, length - i);
    }
}
