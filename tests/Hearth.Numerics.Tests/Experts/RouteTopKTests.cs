using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>The router's choice against transformers, and what it does with ties and numbers that are none.</summary>
public sealed class RouteTopKTests
{
    private const double WeightTolerance = 1e-5; // the fixtures' README

    public static TheoryData<string> Routings() => NumericsFixture.Cases("routing", "gpt_oss", "deepseek_v2_group_limited", "deepseek_v3");

    [Theory, MemberData(nameof(Routings)), Trait("Category", "Fixtures")]
    public void A_choice_matches_the_reference(string name)
    {
        var fixture = new NumericsFixture("routing");
        int perToken = fixture.Attribute(name, "top_k").GetInt32(), experts = fixture.Shape($"{name}.weight")[0], inputs = fixture.Shape($"{name}.weight")[1];
        bool normalize = name == "mixtral" || fixture.Attribute(name, "norm_topk_prob").GetBoolean();
        float[] x = fixture.Floats($"{name}.x"), weight = fixture.Floats($"{name}.weight");
        int rows = x.Length / inputs;
        var results = Everywhere.SameBits(pool =>
        {
            var logits = new float[rows * experts];
            Kernels.MatMul(pool, x, rows, weight, experts, inputs, logits);
            return [logits, .. Route(pool, logits, experts, perToken, normalize)];
        });
        Everywhere.RequireClose("logits", fixture.Floats($"{name}.logits"), results[0], 5e-6);
        Assert.Equal(fixture.Integers($"{name}.experts"), results[1].Select(id => (int)id));
        Everywhere.RequireClose("weights", fixture.Floats($"{name}.weights"), results[2], WeightTolerance);
    }

    [Fact]
    public void A_tie_goes_to_the_lower_expert()
    {
        float[] logits = [1, 3, 1, 3, 3, 0, 1, 3];
        var results = Everywhere.SameBits(pool => Route(pool, logits, experts: 8, perToken: 3, normalize: true));
        Assert.Equal([1f, 3f, 4f], results[0]);
        Assert.All(results[1], weight => Assert.Equal(1 / 3.0, weight, 1e-6));
        Assert.Equal([0f, 1f, 2f, 3f, 4f], Everywhere.SameBits(pool => Route(pool, new float[17], experts: 17, perToken: 5, normalize: false))[0]);
    }

    [Theory, InlineData(float.NaN), InlineData(float.PositiveInfinity), InlineData(float.NegativeInfinity)]
    public void Scores_that_are_no_numbers_still_choose_distinct_experts(float score)
    {
        float[] logits = [.. Enumerable.Repeat(score, 9)];
        var chosen = Everywhere.Run(SimdLevel.Portable, 1, pool => Route(pool, logits, experts: 9, perToken: 4, normalize: true))[0];
        Assert.Equal([0f, 1f, 2f, 3f], chosen);
    }

    [Theory, InlineData(true, 40, 6), InlineData(false, 40, 6), InlineData(true, 5, 5), InlineData(false, 3, 1)]
    public void Gradients_equal_central_differences(bool normalize, int experts, int perToken)
    {
        float[] logits = Values.Of(1, 3 * experts, 2), dweights = Values.Of(2, 3 * perToken);
        var results = Everywhere.SameBits(pool =>
        {
            var routed = Route(pool, logits, experts, perToken, normalize);
            var dlogits = new float[logits.Length];
            Kernels.RouteTopKBackward(pool, logits, experts, perToken, normalize, [.. routed[0].Select(id => (int)id)], routed[1], dweights, dlogits);
            return [.. routed, dlogits];
        });
        int[] chosen = [.. results[0].Select(id => (int)id)];
        Everywhere.RequireClose("dlogits", CentralDifferences.Of(at => Weights(at, chosen, experts, perToken, normalize), logits, dweights), results[2], 2e-6);
    }

    private static float[][] Route(ComputePool pool, float[] logits, int experts, int perToken, bool normalize)
    {
        int rows = logits.Length / experts;
        var chosen = new int[rows * perToken];
        var weights = new float[rows * perToken];
        Kernels.RouteTopK(pool, logits, experts, perToken, normalize, chosen, weights);
        return [[.. chosen.Select(id => (float)id)], weights];
    }

    private static double[] Weights(double[] logits, int[] chosen, int experts, int perToken, bool normalize)
    {
        var weights = new double[chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            int row = i / perToken;
            var exps = logits.Skip(row * experts).Take(experts).Select(Math.Exp).ToArray();
            double sum = normalize ? chosen.Skip(row * perToken).Take(perToken).Sum(id => exps[id]) : exps.Sum();
            weights[i] = exps[chosen[i]] / sum;
        }
        return weights;
    }
}
