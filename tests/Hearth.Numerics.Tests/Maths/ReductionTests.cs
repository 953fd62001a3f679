using Xunit;

namespace Hearth.Numerics.Tests;

public sealed unsafe class ReductionTests
{
    [Fact]
    public void Sixteen_lanes_fold_in_the_documented_order()
    {
        for (int length = 0; length <= 130; length++)
        {
            var x = Values.Of(length, length);
            float expected = Reference(x, value => value);
            fixed (float* xs = x)
            {
                Assert.Equal(expected, Reductions.Sum<Avx2Lanes>(xs, length));
                Assert.Equal(expected, Reductions.Sum<PortableLanes>(xs, length));
                if (Simd.Widest == SimdLevel.Avx512) Assert.Equal(expected, Reductions.Sum<Avx512Lanes>(xs, length));
            }
        }
    }

    [Theory, InlineData(1), InlineData(15), InlineData(16), InlineData(17), InlineData(63), InlineData(65), InlineData(1023), InlineData(1025)]
    public void Every_reduction_has_the_same_bits_at_both_widths(int length)
    {
        if (Simd.Widest < SimdLevel.Avx512) return;
        var x = Values.Of(1, length, 3);
        var y = Values.Of(2, length, 3);
        fixed (float* xs = x, ys = y)
        {
            float max = Reductions.Max<Avx2Lanes>(xs, length);
            Assert.Equal(x.Max(), max);
            Assert.Equal(max, Reductions.Max<Avx512Lanes>(xs, length));
            Assert.Equal(Reductions.SumOfSquares<Avx2Lanes>(xs, length), Reductions.SumOfSquares<Avx512Lanes>(xs, length));
            Assert.Equal(Reductions.Dot<Avx2Lanes>(xs, ys, length), Reductions.Dot<Avx512Lanes>(xs, ys, length));
            float sum = Reductions.SumExp<Avx2Lanes>(xs, length, max);
            Assert.Equal(sum, Reductions.SumExp<Avx512Lanes>(xs, length, max));
            Assert.Equal(x.Sum(value => Math.Exp((double)value - max)), sum, 1e-5 * sum);
        }
    }

    [Fact]
    public void A_maximum_of_negative_values_is_negative()
    {
        float[] x = [-3f, -2f, -5f];
        fixed (float* xs = x) Assert.Equal(-2f, Reductions.Max<Avx2Lanes>(xs, x.Length));
    }

    [Fact]
    public void The_clip_norm_is_a_double_sum_by_lanes()
    {
        foreach (int length in (int[])[0, 1, 15, 16, 17, 1000])
        {
            var x = Values.Of(3, length, 100);
            var lanes = new double[16];
            for (int i = 0; i < length; i++) lanes[i % 16] += (double)x[i] * x[i];
            for (int half = 8; half > 0; half /= 2)
                for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
            Assert.Equal(lanes[0], Kernels.SumOfSquaresDouble(x));
        }
    }

    private static float Reference(float[] x, Func<float, float> map)
    {
        var lanes = new float[16];
        for (int i = 0; i < x.Length; i++) lanes[i % 16] += map(x[i]);
        for (int half = 8; half > 0; half /= 2)
            for (int i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
    }
}
