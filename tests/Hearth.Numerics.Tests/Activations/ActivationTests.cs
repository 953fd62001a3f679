using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class ActivationTests
{
    // Each waits for the first architecture that has it.
    private static readonly string[] UnsupportedActivations = ["gelu_erf", "gelu_tanh", "quick_gelu", "relu", "relu_squared"];
    private static readonly string[] UnsupportedGates = ["geglu_tanh", "gpt_oss"];

    public static TheoryData<string> Activations() => NumericsFixture.Cases("activations", UnsupportedActivations);

    public static TheoryData<string> Gates() => NumericsFixture.Cases("gated", UnsupportedGates);

    [Theory, MemberData(nameof(Activations)), Trait("Category", "Fixtures")]
    public void An_activation_matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("activations");
        float[] x = fixture.Floats($"{name}.x"), dy = fixture.Floats($"{name}.dy");
        var results = Everywhere.SameBits(pool =>
        {
            float[] y = new float[x.Length], dx = new float[x.Length];
            Kernels.Silu(pool, x, y);
            Kernels.SiluBackward(pool, dy, x, dx);
            return [y, dx];
        });
        fixture.Compare(name, "y", results[0]);
        fixture.Compare(name, "dx", results[1]);
    }

    [Theory, MemberData(nameof(Gates)), Trait("Category", "Fixtures")]
    public void A_gated_unit_matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("gated");
        var results = Everywhere.SameBits(pool => ForwardBackward(
            pool, fixture.Floats($"{name}.gate"), fixture.Floats($"{name}.up"), fixture.Floats($"{name}.dy")));
        fixture.Compare(name, "y", results[0]);
        fixture.Compare(name, "dgate", results[1]);
        fixture.Compare(name, "dup", results[2]);
    }

    [Theory, InlineData(1), InlineData(15), InlineData(17), InlineData(129), InlineData(1025), InlineData(40_007)]
    public void SwiGlu_has_equal_bits_everywhere(int length) =>
        Everywhere.SameBits(pool => ForwardBackward(pool, Values.Of(1, length, 100), Values.Of(2, length), Values.Of(3, length)));

    [Fact]
    public void SwiGlu_gradients_equal_central_differences()
    {
        float[] gate = Values.Of(1, 37, 6), up = Values.Of(2, 37), dy = Values.Of(3, 37);
        var results = Everywhere.SameBits(pool => ForwardBackward(pool, gate, up, dy));
        Everywhere.RequireClose("dgate", CentralDifferences.Of(at => Reference(at, Values.Wide(up)), gate, dy), results[1], 2e-6);
        Everywhere.RequireClose("dup", CentralDifferences.Of(at => Reference(Values.Wide(gate), at), up, dy), results[2], 2e-6);
    }

    [Theory, InlineData(1), InlineData(16), InlineData(65), InlineData(33_000)]
    public void Elementwise_sums_are_what_they_say(int length)
    {
        float[] x = Values.Of(1, length), y = Values.Of(2, length);
        var results = Everywhere.SameBits(pool =>
        {
            float[] added = [.. y], scaledAdded = [.. y], scaled = [.. y];
            Kernels.Add(pool, x, added);
            Kernels.AddScaled(pool, x, 0.3f, scaledAdded);
            Kernels.Scale(pool, scaled, 0.3f);
            return [added, scaledAdded, scaled];
        });
        for (int i = 0; i < length; i++)
        {
            Assert.Equal(x[i] + y[i], results[0][i]);
            Assert.Equal(MathF.FusedMultiplyAdd(0.3f, x[i], y[i]), results[1][i]);
            Assert.Equal(0.3f * y[i], results[2][i]);
        }
    }

    [Theory, InlineData(3, 5), InlineData(70, 129), InlineData(400, 96)]
    public void A_bias_is_added_to_rows_and_its_gradient_summed_over_them(int rows, int width)
    {
        float[] y = Values.Of(1, rows * width), bias = Values.Of(2, width);
        var results = Everywhere.SameBits(pool =>
        {
            float[] biased = [.. y], gradient = new float[width], added = [.. bias];
            Kernels.AddBias(pool, biased, bias);
            Kernels.BiasBackward(pool, y, gradient);
            Kernels.BiasBackward(pool, y, added, accumulate: true);
            return [biased, gradient, added];
        });
        for (int i = 0; i < y.Length; i++) Assert.Equal(y[i] + bias[i % width], results[0][i]);
        for (int column = 0; column < width; column++)
        {
            float sum = 0, continued = bias[column];
            for (int row = 0; row < rows; row++)
            {
                sum += y[row * width + column];
                continued += y[row * width + column];
            }
            Assert.Equal(sum, results[1][column]);
            Assert.Equal(continued, results[2][column]);
        }
    }

    private static float[][] ForwardBackward(ComputePool pool, float[] gate, float[] up, float[] dy)
    {
        float[] y = new float[dy.Length], dgate = new float[dy.Length], dup = new float[dy.Length];
        Kernels.SwiGlu(pool, gate, up, y);
        Kernels.SwiGluBackward(pool, dy, gate, up, dgate, dup);
        return [y, dgate, dup];
    }

    private static double[] Reference(double[] gate, double[] up) => [.. gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i])];
}
