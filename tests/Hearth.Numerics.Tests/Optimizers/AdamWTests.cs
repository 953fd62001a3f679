using Xunit;

namespace Hearth.Numerics.Tests;

[Trait("Category", "Fixtures")]
public sealed class AdamWTests
{
    public static TheoryData<string> Cases() => NumericsFixture.Cases("adamw");

    public static TheoryData<string> Clips() => NumericsFixture.Cases("gradient_clipping");

    [Theory, MemberData(nameof(Cases))]
    public void Five_steps_match_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("adamw");
        double Setting(string key) => fixture.Attribute(name, key).GetDouble();
        var settings = new AdamWSettings
        {
            LearningRate = Setting("lr"),
            Beta1 = Setting("beta1"),
            Beta2 = Setting("beta2"),
            Epsilon = Setting("eps"),
            WeightDecay = Setting("weight_decay"),
        };
        foreach (string kind in (string[])["matrix", "vector"])
        {
            string tensor = $"{name}.{kind}.step";
            var start = fixture.Floats($"{tensor}0.param");
            var results = Everywhere.SameBits(pool =>
            {
                float[] parameter = [.. start], m = new float[start.Length], v = new float[start.Length];
                var steps = new List<float[]>();
                for (int step = 1; step <= 5; step++)
                {
                    Kernels.AdamW(pool, parameter, fixture.Floats($"{tensor}{step}.grad"), m, v, settings, step);
                    steps.AddRange([[.. parameter], [.. m], [.. v]]);
                }
                return [.. steps];
            });
            for (int step = 1; step <= 5; step++)
            {
                Everywhere.RequireClose($"{kind} {step}", fixture.Floats($"{tensor}{step}.param"), results[3 * step - 3], 5e-6);
                Everywhere.RequireClose($"{kind} {step} m", fixture.Floats($"{tensor}{step}.exp_avg"), results[3 * step - 2], 5e-6);
                Everywhere.RequireClose($"{kind} {step} v", fixture.Floats($"{tensor}{step}.exp_avg_sq"), results[3 * step - 1], 5e-6);
            }
        }
    }

    [Theory, MemberData(nameof(Clips))]
    public void Gradients_are_clipped_by_their_global_norm(string name)
    {
        var fixture = new NumericsFixture("gradient_clipping");
        float[][] gradients = [fixture.Floats($"{name}.grad0"), fixture.Floats($"{name}.grad1"), fixture.Floats($"{name}.grad2")];
        double norm = Math.Sqrt(gradients.Sum(gradient => Kernels.SumOfSquaresDouble(gradient)));
        Everywhere.RequireClose("norm", fixture.Floats($"{name}.total_norm"), [(float)norm], 1e-6);
        float factor = Kernels.ClipFactor(norm, fixture.Attribute(name, "max_norm").GetDouble());
        for (int i = 0; i < gradients.Length; i++)
        {
            var clipped = Everywhere.SameBits(pool =>
            {
                float[] copy = [.. gradients[i]];
                Kernels.Scale(pool, copy, factor);
                return copy;
            });
            Everywhere.RequireClose($"clipped {i}", fixture.Floats($"{name}.clipped{i}"), clipped, 1e-6);
        }
    }

    [Fact]
    public void A_large_parameter_is_updated_alike_by_one_and_two_threads()
    {
        const int length = 50_001;
        Everywhere.SameBits(pool =>
        {
            float[] parameter = Values.Of(1, length), m = Values.Of(2, length), v = [.. Values.Of(3, length).Select(Math.Abs)];
            Kernels.AdamW(pool, parameter, Values.Of(4, length), m, v, new AdamWSettings(), 7);
            return [parameter, m, v];
        });
    }
}
