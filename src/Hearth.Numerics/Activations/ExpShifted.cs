using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y = exp(x - shift), element by element, by the one exp (E4), +0 below -87.3; and the sum of each tile of 1,024 by E3.</summary>
    /// <remarks>x, y: [V]. tileSums: [ceil(V / 1024)], or empty. y may be x. One row on the caller's thread: the sampler's probabilities.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void ExpShifted(ReadOnlySpan<float> x, float shift, Span<float> y, Span<float> tileSums = default)
    {
        Shapes.Require(y.Length, x.Length, nameof(ExpShifted), nameof(y));
        if (!tileSums.IsEmpty) Shapes.Require(tileSums.Length, (x.Length + VocabularyTile - 1) / VocabularyTile, nameof(ExpShifted), nameof(tileSums));
        fixed (float* xs = x, ys = y, sums = tileSums)
        {
            switch (Simd.Level)
            {
                case SimdLevel.Avx512: ExpShiftedRow<Avx512Lanes>(xs, shift, ys, sums, x.Length); break;
                case SimdLevel.Avx2: ExpShiftedRow<Avx2Lanes>(xs, shift, ys, sums, x.Length); break;
                default: ExpShiftedRow<PortableLanes>(xs, shift, ys, sums, x.Length); break;
            }
        }
    }

    /// <summary>x = x / divisor, element by element.</summary>
    public static void Divide(Span<float> x, float divisor)
    {
        fixed (float* xs = x)
        {
            switch (Simd.Level)
            {
                case SimdLevel.Avx512: DivideRange<Avx512Lanes>(xs, divisor, x.Length); break;
                case SimdLevel.Avx2: DivideRange<Avx2Lanes>(xs, divisor, x.Length); break;
                default: DivideRange<PortableLanes>(xs, divisor, x.Length); break;
            }
        }
    }

    private static void ExpShiftedRow<T>(float* x, float shift, float* y, float* tileSums, int length) where T : unmanaged, ILanes<T>
    {
        for (int start = 0; start < length; start += VocabularyTile)
        {
            int count = Math.Min(VocabularyTile, length - start);
            ExpShiftedRange<T>(x + start, shift, y + start, count);
            if (tileSums != null) tileSums[start / VocabularyTile] = Reductions.Sum<T>(y + start, count);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DivideRange<T>(float* x, float divisor, int length) where T : unmanaged, ILanes<T>
    {
        var divisors = T.Create(divisor);
        int i = 0;
        for (; i <= length - ILanes<T>.Count; i += ILanes<T>.Count) T.Store(T.Load(x + i) / divisors, x + i);
        if (i < length) T.StorePartial(T.LoadPartial(x + i, length - i) / divisors, x + i, length - i);
    }
}
