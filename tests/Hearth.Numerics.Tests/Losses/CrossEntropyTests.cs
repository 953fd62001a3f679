using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class CrossEntropyTests
{
    public static TheoryData<string> Cases() => NumericsFixture.Cases("cross_entropy");

    public static TheoryData<string> SoftmaxCases() => NumericsFixture.Cases("softmax");

    // With an identity as the head, hidden states are logits: a product with ones and zeros is exact.
    [Theory, MemberData(nameof(Cases)), Trait("Category", "Fixtures")]
    public void Matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("cross_entropy");
        int rows = fixture.Shape($"{name}.logits")[0], vocabulary = fixture.Shape($"{name}.logits")[1];
        int ignored = fixture.Attribute(name, "ignore_index").GetInt32();
        int[] targets = fixture.Integers($"{name}.target");
        float kept = targets.Count(target => target != ignored);
        float weight = fixture.Attribute(name, "reduction").GetString() == "mean" ? 1 / kept : 1;
        float[] weights = [.. targets.Select(target => target == ignored ? 0 : weight)];
        var problem = new Problem(fixture.Floats($"{name}.logits"), Identity(vocabulary), vocabulary, vocabulary, targets, weights);
        foreach (bool packed in (bool[])[false, true])
        {
            var results = Everywhere.SameBits(pool => problem.Run(pool, packed));
            double loss = -results[0].Zip(weights, (logprob, w) => (double)logprob * w).Sum();
            Everywhere.RequireClose("loss", fixture.Floats($"{name}.loss"), [(float)loss], 1e-5);
            fixture.Compare(name, "dlogits", results[1]);
        }
    }

    [Theory, MemberData(nameof(SoftmaxCases)), Trait("Category", "Fixtures")]
    public void Log_probabilities_match_the_reference_softmax(string name)
    {
        var fixture = new NumericsFixture("softmax");
        int width = fixture.Shape($"{name}.x")[1];
        float[] x = fixture.Floats($"{name}.x");
        if (name == "masked") x = [.. x.Zip(fixture.Flags($"{name}.mask"), (value, keep) => keep ? value : float.NegativeInfinity)];
        var y = Everywhere.SameBits(_ =>
        {
            var results = new float[x.Length];
            for (int row = 0; row < x.Length; row += width)
            {
                var sums = Kernels.LogSumExpRow(x.AsSpan(row, width));
                for (int i = 0; i < width; i++)
                {
                    float logprob = Kernels.Logprob(x[row + i], sums);
                    results[row + i] = name == "log_softmax" ? logprob : (float)Math.Exp(logprob);
                }
            }
            return results;
        });
        fixture.Compare(name, "y", y);
    }

    [Theory, InlineData(1), InlineData(15), InlineData(17), InlineData(1023), InlineData(1024), InlineData(1025), InlineData(5000)]
    public void The_sum_goes_by_tiles_of_1024_ids(int vocabulary)
    {
        var logits = Values.Of(1, vocabulary, 20);
        var sums = Everywhere.SameBits(_ =>
        {
            var (max, logSum) = Kernels.LogSumExpRow(logits);
            return [max, logSum];
        });
        Assert.Equal(logits.Max(), sums[0]);
        Assert.Equal(Math.Log(logits.Sum(logit => Math.Exp((double)logit - sums[0]))), sums[1], 2e-6);
    }

    [Fact]
    public void A_tile_without_any_candidate_counts_nothing()
    {
        var logits = Values.Of(1, 3000);
        Array.Fill(logits, float.NegativeInfinity, 0, 1024); // a grammar or a cut took them all
        Array.Fill(logits, float.NegativeInfinity, 2048, 3000 - 2048);
        var alone = Kernels.LogSumExpRow(logits.AsSpan(1024, 1024));
        Assert.Equal(alone, Kernels.LogSumExpRow(logits));
    }

    [Theory, InlineData(3, 4, 1030), InlineData(4, 5, 19)]
    public void Gradients_equal_central_differences(int rows, int width, int vocabulary)
    {
        var problem = Problem.Of(rows, width, vocabulary);
        problem.Weights[1] = 0;
        var results = Everywhere.SameBits(pool => problem.Run(pool, packed: false));
        double[] hidden = Values.Wide(problem.Hidden), head = Values.Wide(problem.Head);
        float[] one = [1];
        Everywhere.RequireClose("dHidden", CentralDifferences.Of(at => [problem.Loss(at, head)], problem.Hidden, one), results[1], 5e-6);
        Everywhere.RequireClose("dHead", CentralDifferences.Of(at => [problem.Loss(hidden, at)], problem.Head, one), results[2], 5e-6);
        Assert.Equal(0, results[0][1]);
    }

    [Fact]
    public void Neither_other_rows_nor_chunks_change_a_bit()
    {
        const int rows = 130, width = 8, vocabulary = 70_000; // logits of 119 rows are alive at once
        var problem = Problem.Of(rows, width, vocabulary);
        using var pool = new ComputePool(2);
        var together = problem.Run(pool, packed: true);
        // The same rows in two calls, and each with neighbours that do not count.
        var dHead = new float[vocabulary * width];
        foreach (var (start, count) in ((int, int)[])[(0, 7), (7, rows - 7)])
        {
            var part = problem.Slice(start, count);
            var results = part.Run(pool, packed: true, dHead);
            Everywhere.RequireSameBits("logprobs", together[0].AsSpan(start, count), results[0]);
            Everywhere.RequireSameBits("dHidden", together[1].AsSpan(start * width, count * width), results[1]);
        }
        Everywhere.RequireSameBits("dHead", together[2], dHead);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        var problem = Problem.Of(40, 16, 300);
        using var pool = new ComputePool(2);
        using var arena = new Arena();
        float[] logprobs = new float[40], dHidden = new float[40 * 16], dHead = new float[300 * 16];
        void Step()
        {
            Kernels.CrossEntropy(pool, arena, problem.Hidden, 40, problem.Head, 300, 16, problem.Targets, problem.Weights, logprobs, dHidden, dHead);
            arena.Reset();
        }
        for (int i = 0; i < 50; i++) Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++) Step();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_target_outside_the_vocabulary_is_named()
    {
        var problem = Problem.Of(2, 4, 19);
        problem.Targets[1] = 19;
        using var pool = new ComputePool(1);
        var error = Assert.Throws<ArgumentException>(() => problem.Run(pool, packed: false));
        Assert.Contains("target 19 of row 1 is not in 0..18", error.Message);
    }

    private static float[] Identity(int size)
    {
        var matrix = new float[size * size];
        for (int i = 0; i < size; i++) matrix[i * size + i] = 1;
        return matrix;
    }

    private sealed record Problem(float[] Hidden, float[] Head, int Width, int Vocabulary, int[] Targets, float[] Weights)
    {
        public static Problem Of(int rows, int width, int vocabulary) => new(
            Values.Of(1, rows * width, 2), Values.Of(2, vocabulary * width, 2), width, vocabulary, Values.Integers(3, rows, vocabulary), Values.Of(4, rows));

        public Problem Slice(int start, int count) => this with
        {
            Hidden = Hidden[(start * Width)..((start + count) * Width)],
            Targets = Targets[start..(start + count)],
            Weights = Weights[start..(start + count)],
        };

        /// <summary>Log-probabilities, dHidden, dHead.</summary>
        public float[][] Run(ComputePool pool, bool packed, float[]? dHead = null)
        {
            float[] logprobs = new float[Targets.Length], dHidden = new float[Hidden.Length];
            dHead ??= new float[Head.Length];
            using var arena = new Arena();
            if (packed)
            {
                using var weight = PackedWeight.PackFloat32(Head, Vocabulary, Width);
                Kernels.CrossEntropy(pool, arena, Hidden, Targets.Length, weight, Targets, Weights, logprobs, dHidden, dHead);
            }
            else
            {
                Kernels.CrossEntropy(pool, arena, Hidden, Targets.Length, Head, Vocabulary, Width, Targets, Weights, logprobs, dHidden, dHead);
            }
            return [logprobs, dHidden, dHead];
        }

        /// <summary>The definition, in double.</summary>
        public double Loss(double[] hidden, double[] head)
        {
            double loss = 0;
            var logits = new double[Vocabulary];
            for (int t = 0; t < Targets.Length; t++)
            {
                if (Weights[t] == 0) continue;
                double sum = 0;
                for (int id = 0; id < Vocabulary; id++)
                {
                    double logit = 0;
                    for (int d = 0; d < Width; d++) logit += hidden[t * Width + d] * head[id * Width + d];
                    logits[id] = logit;
                    sum += Math.Exp(logit);
                }
                loss -= Weights[t] * (logits[Targets[t]] - Math.Log(sum));
            }
            return loss;
        }
    }
}
