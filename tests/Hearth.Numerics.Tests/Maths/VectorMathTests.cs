using System.Runtime.CompilerServices;
using Xunit;

namespace Hearth.Numerics.Tests;

public sealed unsafe class VectorMathTests
{
    private delegate float[] Function(float[] x);

    [Fact]
    public void Exp_is_within_an_ulp_over_its_whole_range() =>
        CheckUlps(Inputs(0xc2ae999au /* -87.3 */, 0x80000000u, 0u, 0x42b17217u /* 88.72283 */), Math.Exp, Exp<Avx2Lanes>, Exp<Avx512Lanes>, 1.0);

    [Fact]
    public void Exp_flushes_to_zero_below_its_limit_and_overflows_to_infinity()
    {
        float below = MathF.BitDecrement(-87.3f);
        float[] x = [-87.3f, below, -88f, -104f, -1e30f, float.NegativeInfinity, 0f, -0f, 88.72283f, 88.72284f, 100f, float.PositiveInfinity, float.NaN];
        foreach (var result in new[] { Exp<Avx2Lanes>(x), Exp<Avx512Lanes>(x), Exp<PortableLanes>(x) })
        {
            Assert.True(float.IsNormal(result[0]));
            for (int i = 1; i <= 5; i++) Assert.Equal(0, BitConverter.SingleToInt32Bits(result[i]));
            Assert.Equal(1f, result[6]);
            Assert.Equal(1f, result[7]);
            Assert.True(float.IsFinite(result[8]));
            for (int i = 9; i <= 11; i++) Assert.Equal(float.PositiveInfinity, result[i]);
            Assert.True(float.IsNaN(result[12]));
        }
    }

    [Fact]
    public void Log_is_within_an_ulp_for_all_normal_numbers() =>
        CheckUlps(Inputs(0x00800000u, 0x7f7fffffu), Math.Log, Log<Avx2Lanes>, Log<Avx512Lanes>, 1.0);

    [Fact]
    public void Log_knows_zero_infinity_and_what_is_not_a_number()
    {
        float[] x = [0f, -0f, -1f, float.NegativeInfinity, float.PositiveInfinity, float.NaN, 1f, 1e-40f];
        foreach (var result in new[] { Log<Avx2Lanes>(x), Log<Avx512Lanes>(x), Log<PortableLanes>(x) })
        {
            Assert.Equal(float.NegativeInfinity, result[0]);
            Assert.Equal(float.NegativeInfinity, result[1]);
            Assert.True(float.IsNaN(result[2]));
            Assert.True(float.IsNaN(result[3]));
            Assert.Equal(float.PositiveInfinity, result[4]);
            Assert.True(float.IsNaN(result[5]));
            Assert.Equal(0f, result[6]);
            Assert.Equal((float)Math.Log(1e-40f), result[7], 1e-5f);
        }
    }

    [Fact]
    public void Sigmoid_is_within_two_ulps() =>
        CheckUlps(Inputs(0xc2ae9999u, 0x80000000u, 0u, 0x7f7fffffu), x => 1 / (1 + Math.Exp(-x)), Sigmoid<Avx2Lanes>, Sigmoid<Avx512Lanes>, 2.5);

    [Fact]
    public void Tanh_is_within_two_ulps() =>
        CheckUlps(Inputs(0x80800000u, 0xff7fffffu, 0x00800000u, 0x7f7fffffu), Math.Tanh, Tanh<Avx2Lanes>, Tanh<Avx512Lanes>, 2.5);

    // Samples whole ranges of bit patterns: pairs of (first, last); a negative range may be given from either end.
    private static float[] Inputs(params uint[] ranges)
    {
        const int samples = 200_000;
        var x = new List<float>();
        for (int r = 0; r < ranges.Length; r += 2)
        {
            uint low = Math.Min(ranges[r], ranges[r + 1]), high = Math.Max(ranges[r], ranges[r + 1]);
            for (int i = 0; i <= samples; i++)
                x.Add(BitConverter.UInt32BitsToSingle(low + (uint)((ulong)(high - low) * (ulong)i / samples)));
        }
        // Random ones too: even steps may miss the bad fractions.
        x.AddRange(Values.Of(1, samples, 80f).Where(value => ranges[0] != 0x00800000u || value > 0));
        return [.. x];
    }

    private static void CheckUlps(float[] x, Func<double, double> exact, Function avx2, Function avx512, double limit)
    {
        var narrow = avx2(x);
        if (Simd.Widest == SimdLevel.Avx512) Everywhere.RequireSameBits("AVX-512", narrow, avx512(x));
        double worst = 0;
        float at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double expected = exact(x[i]);
            double ulp = Math.Max(Math.ScaleB(1, (int)Math.Floor(Math.Log2(Math.Max(Math.Abs(expected), 1e-300))) - 23), Math.ScaleB(1, -149));
            double error = Math.Abs(narrow[i] - expected) / ulp;
            if (error <= worst) continue;
            worst = error;
            at = x[i];
        }
        Assert.True(worst <= limit, $"off by {worst:F3} ulp at {at:R}");
        TestContext.Current.TestOutputHelper?.WriteLine($"largest error {worst:F3} ulp at {at:R}");
    }

    private static float[] Exp<T>(float[] x) where T : unmanaged, ILanes<T> => Apply<T>(x, 0);

    private static float[] Log<T>(float[] x) where T : unmanaged, ILanes<T> => Apply<T>(x, 1);

    private static float[] Sigmoid<T>(float[] x) where T : unmanaged, ILanes<T> => Apply<T>(x, 2);

    private static float[] Tanh<T>(float[] x) where T : unmanaged, ILanes<T> => Apply<T>(x, 3);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float[] Apply<T>(float[] x, int function) where T : unmanaged, ILanes<T>
    {
        if (typeof(T) == typeof(Avx512Lanes) && Simd.Widest < SimdLevel.Avx512) return Apply<Avx2Lanes>(x, function);
        var y = new float[x.Length];
        fixed (float* xs = x, ys = y)
        {
            for (int i = 0; i < x.Length; i += 16)
            {
                int count = Math.Min(16, x.Length - i);
                var value = count == 16 ? T.Load(xs + i) : T.LoadPartial(xs + i, count);
                value = function switch { 0 => VectorMath.Exp(value), 1 => VectorMath.Log(value), 2 => VectorMath.Sigmoid(value), _ => VectorMath.Tanh(value) };
                if (count == 16) T.Store(value, ys + i);
                else T.StorePartial(value, ys + i, count);
            }
        }
        return y;
    }
}
