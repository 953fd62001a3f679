using Xunit;

namespace Hearth.Numerics.Tests;

public sealed class AttentionTests
{
    // Sinks and soft-capped scores come with gpt-oss and gemma2, attention without a causal mask with the encoders.
    private static readonly string[] Unsupported = ["bidirectional", "sinks", "sinks_sliding_window", "softcap"];

    public static TheoryData<string> Cases() => NumericsFixture.Cases("attention", Unsupported);

    [Theory, MemberData(nameof(Cases)), Trait("Category", "Fixtures")]
    public void Matches_the_reference_values(string name)
    {
        var fixture = new NumericsFixture("attention");
        int[] qShape = fixture.Shape($"{name}.q"), kShape = fixture.Shape($"{name}.k");
        var window = fixture.Attribute(name, "window");
        var shape = new AttentionShape(
            qShape[1], kShape[1], qShape[2], fixture.Attribute(name, "scale").GetSingle(), window.ValueKind == System.Text.Json.JsonValueKind.Null ? 0 : window.GetInt32());
        int skipped = kShape[0] - qShape[0];
        Assert.Equal(skipped, fixture.Attribute(name, "query_offset").GetInt32());
        using var attention = new AttentionCase(shape, kShape[0]) { K = fixture.Floats($"{name}.k"), V = fixture.Floats($"{name}.v") };
        float[] q = fixture.Floats($"{name}.q"), dy = fixture.Floats($"{name}.dy");
        // The chunk alone, with the cache already written.
        var o = Everywhere.SameBits(pool =>
        {
            attention.FillCacheWithNaN();
            var result = new float[q.Length];
            Kernels.WriteKeysValues(pool, attention.K, attention.V, attention.Whole, attention.Table, attention.Layer);
            Kernels.Attention(pool, q, [new(0, qShape[0], skipped, 0)], attention.Table, attention.Layer, shape, result, []);
            return result;
        });
        fixture.Compare(name, "y", o);
        // Gradients are for whole sequences: the queries before the chunk have no gradient of their own.
        float[] before = Values.Of(9, skipped * qShape[1] * qShape[2]);
        attention.Q = [.. before, .. q];
        attention.DO = [.. new float[before.Length], .. dy];
        var results = Everywhere.SameBits(attention.ForwardBackward);
        Everywhere.RequireClose("dq before the chunk", new float[before.Length], results[2].AsSpan(0, before.Length), 0);
        fixture.Compare(name, "dq", results[2].AsSpan(before.Length));
        fixture.Compare(name, "dk", results[3]);
        fixture.Compare(name, "dv", results[4]);
    }

    [Theory]
    [InlineData(4, 2, 48, 0, new[] { 15, 16, 17, 1 })]
    [InlineData(9, 3, 64, 0, new[] { 63, 64, 65 })]
    [InlineData(3, 1, 16, 0, new[] { 127, 129 })]
    [InlineData(2, 2, 24, 0, new[] { 130, 2, 3 })]
    [InlineData(2, 1, 80, 0, new[] { 100 })]
    [InlineData(2, 2, 128, 0, new[] { 129 })]
    [InlineData(1, 1, 256, 0, new[] { 66 })]
    [InlineData(2, 1, 16, 0, new[] { 1023 })]
    [InlineData(2, 1, 16, 0, new[] { 1025 })]
    [InlineData(4, 2, 48, 5, new[] { 17, 130, 70 })]
    [InlineData(4, 2, 48, 64, new[] { 200 })]
    [InlineData(3, 1, 64, 100, new[] { 333 })]
    [InlineData(2, 2, 40, 2, new[] { 90 })]
    [InlineData(2, 1, 20, 30, new[] { 90, 7 })]
    [InlineData(1, 1, 7, 0, new[] { 70 })]
    public void Equals_the_definition_with_equal_bits_everywhere(int heads, int kvHeads, int width, int window, int[] lengths)
    {
        using var attention = new AttentionCase(new(heads, kvHeads, width, 1 / MathF.Sqrt(width), window), lengths);
        var results = Everywhere.SameBits(attention.ForwardBackward, portableTolerance: 1e-4);
        var expected = attention.Reference(Values.Wide(attention.Q), Values.Wide(attention.K), Values.Wide(attention.V));
        Everywhere.RequireClose("o", expected, results[0], 1e-5);
    }

    [Theory, InlineData(0), InlineData(50), InlineData(64)]
    public void Chunks_and_single_steps_give_the_bits_of_the_whole_prompt(int window)
    {
        var shape = new AttentionShape(6, 2, 48, 0.15f, window);
        using var attention = new AttentionCase(shape, 200, 131);
        using var pool = new ComputePool(2);
        foreach (var level in Everywhere.FmaLevels)
        {
            using var forced = Simd.Force(level);
            var whole = attention.Forward(pool);
            attention.FillCacheWithNaN();
            float[] o = new float[whole[0].Length], sums = new float[whole[1].Length];
            // Two sequences side by side, their chunks starting and ending in the middle of blocks.
            int[][] chunks = [[37, 64, 1, 1, 1, 63, 2, 31], [1, 1, 70, 1, 30, 1, 26, 1]];
            int[] done = [0, 0];
            for (int step = 0; step < chunks[0].Length; step++)
            {
                var segments = new AttentionSegment[2];
                for (int s = 0; s < 2; s++)
                {
                    var sequence = attention.Whole[s];
                    segments[s] = new(sequence.QueryStart + done[s], chunks[s][step], done[s], sequence.TableStart);
                    done[s] += chunks[s][step];
                }
                Kernels.WriteKeysValues(pool, attention.K, attention.V, segments, attention.Table, attention.Layer);
                Kernels.Attention(pool, attention.Q, segments, attention.Table, attention.Layer, shape, o, sums);
            }
            Assert.Equal(attention.Lengths, done);
            Everywhere.RequireSameBits($"o, {level}", whole[0], o);
            Everywhere.RequireSameBits($"logSumExp, {level}", whole[1], sums);
        }
    }

    [Fact]
    public void A_window_touches_no_block_that_it_cannot_see()
    {
        var shape = new AttentionShape(2, 1, 16, 0.25f, Window: 10);
        using var attention = new AttentionCase(shape, 200);
        using var pool = new ComputePool(1);
        var whole = attention.Forward(pool);
        int[] table = [-1, -1, .. attention.Table.AsSpan(2)]; // released blocks
        var o = new float[2 * 16];
        Kernels.Attention(pool, attention.Q.AsSpan(150 * 32, 32), [new(0, 1, 150, 0)], table, attention.Layer, shape, o, []);
        Everywhere.RequireSameBits("row 150", whole[0].AsSpan(150 * 32, 32), o);
    }

    [Fact]
    public void Packed_examples_have_the_gradients_that_they_have_alone()
    {
        var shape = new AttentionShape(4, 2, 48, 0.2f, 0);
        using var packed = new AttentionCase(shape, 70, 33, 129);
        using var pool = new ComputePool(2);
        var together = packed.ForwardBackward(pool);
        int row = 0;
        foreach (int length in packed.Lengths)
        {
            int queries = row * 4 * 48, keys = row * 2 * 48;
            using var alone = new AttentionCase(shape, length)
            {
                Q = packed.Q.AsSpan(queries, length * 4 * 48).ToArray(),
                DO = packed.DO.AsSpan(queries, length * 4 * 48).ToArray(),
                K = packed.K.AsSpan(keys, length * 2 * 48).ToArray(),
                V = packed.V.AsSpan(keys, length * 2 * 48).ToArray(),
            };
            var results = alone.ForwardBackward(pool);
            Everywhere.RequireSameBits("o", results[0], together[0].AsSpan(queries, length * 4 * 48));
            Everywhere.RequireSameBits("dq", results[2], together[2].AsSpan(queries, length * 4 * 48));
            Everywhere.RequireSameBits("dk", results[3], together[3].AsSpan(keys, length * 2 * 48));
            Everywhere.RequireSameBits("dv", results[4], together[4].AsSpan(keys, length * 2 * 48));
            row += length;
        }
    }

    [Theory]
    [InlineData(2, 1, 8, 0, new[] { 66, 3 })]
    [InlineData(2, 2, 8, 3, new[] { 17 })]
    [InlineData(4, 2, 16, 0, new[] { 9, 5 })]
    [InlineData(2, 1, 8, 60, new[] { 70 })]
    public void Gradients_equal_central_differences(int heads, int kvHeads, int width, int window, int[] lengths)
    {
        using var attention = new AttentionCase(new(heads, kvHeads, width, 0.3f, window), lengths);
        var results = Everywhere.SameBits(attention.ForwardBackward);
        double[] q = Values.Wide(attention.Q), k = Values.Wide(attention.K), v = Values.Wide(attention.V);
        Everywhere.RequireClose("dq", CentralDifferences.Of(at => attention.Reference(at, k, v), attention.Q, attention.DO), results[2], 2e-5);
        Everywhere.RequireClose("dk", CentralDifferences.Of(at => attention.Reference(q, at, v), attention.K, attention.DO), results[3], 2e-5);
        Everywhere.RequireClose("dv", CentralDifferences.Of(at => attention.Reference(q, k, at), attention.V, attention.DO), results[4], 2e-5);
    }

    [Fact]
    public void Large_scores_do_not_overflow()
    {
        using var attention = new AttentionCase(new(1, 1, 16, 40f, 0), 80);
        using var pool = new ComputePool(1);
        var expected = attention.Forward(pool)[0];
        Assert.All(expected, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var attention = new AttentionCase(new(4, 2, 48, 0.2f, 0), 100, 30);
        using var pool = new ComputePool(2);
        float[] o = new float[attention.Q.Length], sums = new float[o.Length / 48], dq = new float[o.Length], dk = new float[attention.K.Length], dv = new float[dk.Length];
        var segments = attention.Whole;
        using var scratch = new Arena(1 << 20);
        void Step()
        {
            Kernels.WriteKeysValues(pool, attention.K, attention.V, segments, attention.Table, attention.Layer);
            Kernels.Attention(pool, attention.Q, segments, attention.Table, attention.Layer, attention.Shape, o, sums);
            Kernels.AttentionBackward(pool, attention.Q, attention.K, attention.V, segments, attention.Shape, o, attention.DO, sums, dq, dk, dv, scratch);
        }
        for (int i = 0; i < 50; i++) Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++) Step();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_block_outside_the_cache_is_named()
    {
        using var attention = new AttentionCase(new(1, 1, 16, 1f, 0), 80);
        using var pool = new ComputePool(1);
        var error = Assert.Throws<ArgumentException>(() => Kernels.Attention(
            pool, attention.Q, attention.Whole, [0, 99], attention.Layer, attention.Shape, new float[attention.Q.Length], []));
        Assert.Contains("block 99", error.Message);
    }
}
