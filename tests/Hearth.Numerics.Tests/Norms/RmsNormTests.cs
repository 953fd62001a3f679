using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class RmsNormTests
{
    private const float Epsilon = 1e-5f;

    // gemma multiplies by 1 + weight: that sum is made when such a model is loaded, so the kernel sees plain weights.
    public static TheoryData<string> Cases() => NumericsFixture.Cases("rmsnorm");

    [Theory, MemberData(nameof(Cases)), Trait("Category", "Fixtures")]
    public void Matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("rmsnorm");
        float epsilon = fixture.Attribute(name, "eps").GetSingle(), offset = fixture.Attribute(name, "weight_offset").GetSingle();
        float[] x = fixture.Floats($"{name}.x"), dy = fixture.Floats($"{name}.dy");
        float[] weight = [.. fixture.Floats($"{name}.weight").Select(value => value + offset)];
        var results = Everywhere.SameBits(pool => ForwardBackward(pool, x, weight, dy, epsilon));
        fixture.Compare(name, "y", results[0]);
        fixture.Compare(name, "dx", results[1]);
        fixture.Compare(name, "dweight", results[2]);
    }

    [Theory, InlineData(3, 2), InlineData(2, 15), InlineData(5, 16), InlineData(1, 17), InlineData(300, 63), InlineData(700, 65), InlineData(33, 576)]
    public void Has_equal_bits_everywhere_at_every_width(int rows, int width) =>
        Everywhere.SameBits(pool => ForwardBackward(pool, Values.Of(1, rows * width, 2), Values.Of(2, width), Values.Of(3, rows * width), Epsilon));

    [Theory, InlineData(4, 24), InlineData(3, 48)]
    public void Gradients_equal_central_differences(int rows, int width)
    {
        float[] x = Values.Of(4, rows * width), weight = Values.Of(5, width), dy = Values.Of(6, rows * width);
        var results = Everywhere.SameBits(pool => ForwardBackward(pool, x, weight, dy, Epsilon));
        Everywhere.RequireClose("dx", CentralDifferences.Of(at => Reference(at, Values.Wide(weight)), x, dy), results[1], 5e-6);
        Everywhere.RequireClose("dweight", CentralDifferences.Of(at => Reference(Values.Wide(x), at), weight, dy), results[2], 5e-6);
    }

    [Fact]
    public void The_gradient_adds_to_the_residual_stream_when_asked()
    {
        float[] x = Values.Of(1, 40), weight = Values.Of(2, 20), dy = Values.Of(3, 40), inverse = new float[2], y = new float[40];
        using var pool = new ComputePool(1);
        Kernels.RmsNorm(pool, x, weight, Epsilon, y, inverse);
        float[] fresh = new float[40], added = Values.Of(4, 40), start = [.. added];
        Kernels.RmsNormBackward(pool, dy, x, weight, inverse, fresh, [], accumulate: false);
        Kernels.RmsNormBackward(pool, dy, x, weight, inverse, added, [], accumulate: true);
        for (int i = 0; i < added.Length; i++) Assert.Equal(start[i] + fresh[i], added[i]);
    }

    [Fact]
    public void Rows_do_not_depend_on_their_neighbours()
    {
        const int width = 48;
        float[] x = Values.Of(7, 800 * width), weight = Values.Of(8, width), all = new float[x.Length], one = new float[width];
        using var pool = new ComputePool(2);
        Kernels.RmsNorm(pool, x, weight, Epsilon, all, []);
        Kernels.RmsNorm(pool, x.AsSpan(777 * width, width), weight, Epsilon, one, []);
        Everywhere.RequireSameBits("row 777", one, all.AsSpan(777 * width, width));
    }

    [Fact]
    public void Both_threads_take_part()
    {
        using var pool = new ComputePool(2);
        float[] x = Values.Of(1, 512 * 576), y = new float[x.Length];
        var weight = Values.Of(2, 576);
        for (int attempt = 0; attempt < 1_000_000 && (pool.ItemsRunBy(0) == 0 || pool.ItemsRunBy(1) == 0); attempt++)
            Kernels.RmsNorm(pool, x, weight, Epsilon, y, []);
        Assert.True(pool.ItemsRunBy(0) > 0 && pool.ItemsRunBy(1) > 0);
    }

    [Fact]
    public void A_wrong_length_is_named()
    {
        using var pool = new ComputePool(1);
        var error = Assert.Throws<ArgumentException>(() => Kernels.RmsNorm(pool, new float[30], new float[20], Epsilon, new float[30], []));
        Assert.Contains("RmsNorm: x has 30 values, expected whole rows of 20.", error.Message);
    }

    private static float[][] ForwardBackward(ComputePool pool, float[] x, float[] weight, float[] dy, float epsilon)
    {
        float[] y = new float[x.Length], inverse = new float[x.Length / weight.Length], dx = new float[x.Length], dweight = new float[weight.Length];
        Kernels.RmsNorm(pool, x, weight, epsilon, y, inverse);
        Kernels.RmsNormBackward(pool, dy, x, weight, inverse, dx, dweight, accumulate: false);
        return [y, dx, dweight];
    }

    private static double[] Reference(double[] x, double[] weight)
    {
        var y = new double[x.Length];
        for (int row = 0; row < x.Length; row += weight.Length)
        {
            double squares = 0;
            for (int i = 0; i < weight.Length; i++) squares += x[row + i] * x[row + i];
            double inverse = 1 / Math.Sqrt(squares / weight.Length + Epsilon);
            for (int i = 0; i < weight.Length; i++) y[row + i] = x[row + i] * inverse * weight[i];
        }
        return y;
    }
}
