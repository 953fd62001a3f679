using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class RotaryTests
{
    // Models that rotate interleaved pairs are converted to halves when they are loaded (GGUF) or wait for their architecture.
    private static readonly string[] Unsupported = ["interleaved", "interleaved_to_halves"];

    public static TheoryData<string> Cases() => NumericsFixture.Cases("rope", Unsupported);

    [Theory, MemberData(nameof(Cases)), Trait("Category", "Fixtures")]
    public void Matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("rope");
        int[] shape = fixture.Shape($"{name}.x"), positions = fixture.Integers($"{name}.positions");
        int rotated = 2 * fixture.Shape($"{name}.cos")[1];
        using var table = new RotaryTable(Frequencies(rotated, fixture.Attribute(name, "theta").GetDouble()));
        for (int t = 0; t < positions.Length; t++)
        {
            // The reference computes the angle in float32.
            Everywhere.RequireClose("cos", fixture.Floats($"{name}.cos").AsSpan(t * rotated / 2, rotated / 2), table.Cosines(positions[t]), 5e-6);
            Everywhere.RequireClose("sin", fixture.Floats($"{name}.sin").AsSpan(t * rotated / 2, rotated / 2), table.Sines(positions[t]), 5e-6);
        }
        var y = Everywhere.SameBits(pool => Rotate(pool, fixture.Floats($"{name}.x"), shape[1], shape[2], positions, table, backward: false));
        var dx = Everywhere.SameBits(pool => Rotate(pool, fixture.Floats($"{name}.dy"), shape[1], shape[2], positions, table, backward: true));
        fixture.Compare(name, "y", y);
        fixture.Compare(name, "dx", dx);
    }

    [Theory, InlineData(16), InlineData(24), InlineData(48), InlineData(64), InlineData(80), InlineData(128)]
    public void Gradients_equal_central_differences(int headWidth)
    {
        int[] positions = [0, 5, 1000];
        float[] x = Values.Of(1, 3 * 2 * headWidth), dy = Values.Of(2, x.Length);
        using var table = new RotaryTable(Frequencies(headWidth, 10000), attentionFactor: 1.25);
        var y = Everywhere.SameBits(pool => Rotate(pool, x, 2, headWidth, positions, table, backward: false));
        var dx = Everywhere.SameBits(pool => Rotate(pool, dy, 2, headWidth, positions, table, backward: true));
        Everywhere.RequireClose("y", Reference(Values.Wide(x), headWidth, positions), y, 1e-6);
        Everywhere.RequireClose("dx", CentralDifferences.Of(at => Reference(at, headWidth, positions), x, dy), dx, 1e-6);
    }

    [Fact]
    public void A_table_that_grew_equals_one_made_large()
    {
        using var grown = new RotaryTable(Frequencies(48, 10000), maxPositions: 3);
        using var large = new RotaryTable(Frequencies(48, 10000), maxPositions: 500);
        Everywhere.RequireSameBits("cosines", large.Cosines(321), grown.Cosines(321));
        Everywhere.RequireSameBits("sines", large.Sines(2), grown.Sines(2));
        Assert.Equal((float)Math.Cos(321 * Frequencies(48, 10000)[7]), grown.Cosines(321)[7]);
    }

    private static float[] Rotate(ComputePool pool, float[] x, int heads, int headWidth, int[] positions, RotaryTable table, bool backward)
    {
        float[] y = [.. x];
        if (backward) Kernels.RotaryBackward(pool, y, heads, headWidth, positions, table);
        else Kernels.Rotary(pool, y, heads, headWidth, positions, table);
        return y;
    }

    private static double[] Frequencies(int width, double theta) => [.. Enumerable.Range(0, width / 2).Select(i => Math.Pow(theta, -2.0 * i / width))];

    private static double[] Reference(double[] x, int headWidth, int[] positions)
    {
        var y = new double[x.Length];
        var frequencies = Frequencies(headWidth, 10000);
        int half = headWidth / 2, heads = x.Length / headWidth / positions.Length;
        for (int row = 0; row < positions.Length * heads; row++)
        {
            for (int i = 0; i < half; i++)
            {
                int at = row * headWidth + i;
                double angle = positions[row / heads] * frequencies[i];
                double cos = 1.25 * Math.Cos(angle), sin = 1.25 * Math.Sin(angle);
                y[at] = x[at] * cos - x[at + half] * sin;
                y[at + half] = x[at + half] * cos + x[at] * sin;
            }
        }
        return y;
    }
}
