using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Rows grouped by expert, products by group, and results added back: by E1 and E11 no bit depends on the groups.</summary>
public sealed class ExpertGroupsTests
{
    [Theory, InlineData(1, 8, 3), InlineData(50, 8, 3), InlineData(700, 128, 8), InlineData(7, 5, 5)]
    public void Every_choice_has_a_slot_and_slots_ascend_by_expert_and_row(int rows, int experts, int perToken)
    {
        using var arena = new Arena();
        var chosen = Choices(rows, experts, perToken);
        var groups = ExpertGroups.Of(chosen, perToken, experts, arena);
        var wanted = Enumerable.Range(0, chosen.Length).OrderBy(choice => chosen[choice]).ThenBy(choice => choice).ToArray();
        for (int slot = 0; slot < wanted.Length; slot++)
        {
            Assert.Equal(slot, groups.Slots[wanted[slot]]);
            Assert.Equal(wanted[slot] / perToken, groups.Rows[slot]);
        }
        for (int expert = 0; expert <= experts; expert++) Assert.Equal(chosen.Count(id => id < expert), groups.Starts[expert]);
    }

    [Fact]
    public void Waves_cover_all_experts_and_the_rows_of_a_run_are_one_stretch()
    {
        using var arena = new Arena();
        var groups = ExpertGroups.Of(Choices(300, 16, 4), 4, 16, arena);
        int expert = 0;
        for (int end; expert < 16; expert = end)
        {
            end = groups.EndOfWave(expert, 200);
            Assert.True(end == expert + 1 || groups.Starts[end] - groups.Starts[expert] <= 200);
            Assert.True(end == 16 || groups.Starts[end + 1] - groups.Starts[expert] > 200);
        }
        Assert.Equal(16, expert);
        var (start, count) = groups.Within(5, 100, 50);
        Assert.Equal(groups.Rows[groups.Starts[5]..groups.Starts[6]].ToArray().Where(row => row is >= 100 and < 150), groups.Rows.Slice(start, count).ToArray());
        Assert.Equal(0, groups.Within(5, 1000, 50).Count);
    }

    [Fact]
    public void A_choice_outside_the_experts_is_refused()
    {
        using var arena = new Arena();
        Assert.Throws<ArgumentException>(() => ExpertGroups.Of([0, 8], 2, 8, arena));
    }

    [Theory]
    [InlineData(WeightType.F32, 96, 70, 64), InlineData(WeightType.BF16, 40, 33, 64), InlineData(WeightType.F16, 40, 130, 64), InlineData(WeightType.Q8_0, 64, 96, 64), InlineData(WeightType.Q4_0, 64, 31, 64)]
    [InlineData(WeightType.Q4_1, 96, 64, 8), InlineData(WeightType.Q4_K, 256, 65, 8), InlineData(WeightType.Q6_K, 512, 64, 8), InlineData(WeightType.F32, 40, 64, 300)]
    public void A_product_by_groups_has_the_bits_of_each_groups_own(WeightType type, int inputs, int outputs, int experts)
    {
        var weights = Enumerable.Range(0, experts).Select(i => PackedWeight.Pack(type, Sample.WeightBytes(type, i, outputs, inputs), outputs, inputs)).ToArray();
        // Empty groups, few rows, many rows; more few-row groups than one loop takes.
        int[] counts = [.. Enumerable.Range(0, experts).Select(i => (i % 7) switch { 0 => 0, 6 => 5 + (i % 20), var few => (few % 4) + 1 })];
        var starts = new int[experts + 1];
        starts[0] = 11; // a wave in the middle
        for (int i = 0; i < experts; i++) starts[i + 1] = starts[i] + counts[i];
        float[] x = Values.Of(5, counts.Sum() * inputs);
        var grouped = Everywhere.SameBits(pool =>
        {
            var y = new float[counts.Sum() * outputs];
            Kernels.MatMulGrouped(pool, x, starts, weights, y);
            return y;
        });
        using var single = new ComputePool(1);
        var alone = new float[outputs];
        for (int expert = 0; expert < experts; expert++)
            for (int row = starts[expert] - 11; row < starts[expert + 1] - 11; row++)
            {
                Kernels.MatMul(single, x.AsSpan(row * inputs, inputs), 1, weights[expert], alone);
                Everywhere.RequireSameBits($"expert {expert}, row {row}", alone, grouped.AsSpan(row * outputs, outputs));
            }
        foreach (var weight in weights) weight.Dispose();
    }

    [Theory, InlineData(1, 40), InlineData(33, 129), InlineData(600, 64)]
    public void Results_are_added_in_ascending_order_of_experts_whatever_the_waves(int rows, int width)
    {
        const int experts = 12, perToken = 4;
        var chosen = Choices(rows, experts, perToken);
        float[] results = Values.Of(1, rows * perToken * width), weights = Values.Of(2, rows * perToken);
        float[] expected = new float[rows * width];
        var all = Everywhere.SameBits(pool => Mix(pool, waveSlots: int.MaxValue));
        var waves = Everywhere.SameBits(pool => Mix(pool, waveSlots: 17));
        Everywhere.RequireSameBits("waves", all, waves);
        using var arena = new Arena();
        var groups = ExpertGroups.Of(chosen, perToken, experts, arena);
        for (int row = 0; row < rows; row++)
            for (int choice = row * perToken; choice < (row + 1) * perToken; choice++) // ascending experts
                for (int i = 0; i < width; i++)
                    expected[row * width + i] = MathF.FusedMultiplyAdd(weights[choice], results[groups.Slots[choice] * width + i], expected[row * width + i]);
        if (Simd.Widest > SimdLevel.Portable) Everywhere.RequireSameBits("chain", expected, all);

        float[] Mix(ComputePool pool, int waveSlots)
        {
            using var memory = new Arena();
            var own = ExpertGroups.Of(chosen, perToken, experts, memory);
            var y = new float[rows * width];
            for (int first = 0, end; first < experts; first = end)
            {
                end = own.EndOfWave(first, waveSlots);
                int start = own.Starts[first], count = own.Starts[end] - start;
                Kernels.MixExperts(pool, results.AsSpan(start * width, count * width), start, own.Slots, weights, perToken, width, y);
            }
            return y;
        }
    }

    [Fact]
    public void Rows_are_gathered_scaled_multiplied_and_added_back()
    {
        float[] x = Values.Of(1, 20 * 37), scales = Values.Of(2, 6);
        int[] rows = [0, 3, 4, 11, 18, 19];
        var results = Everywhere.SameBits(pool =>
        {
            float[] gathered = new float[6 * 37], dots = new float[6], back = [.. x];
            Kernels.GatherRows(pool, x, 37, rows, gathered);
            float[] scaled = [.. gathered];
            Kernels.ScaleRows(pool, scaled, scales);
            Kernels.RowDots(pool, gathered, scaled, dots);
            Kernels.ScatterAddRows(pool, scaled, 37, rows, back);
            return [gathered, scaled, dots, back];
        });
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.Equal(x.AsSpan(rows[i] * 37, 37).ToArray(), results[0].AsSpan(i * 37, 37).ToArray());
            double dot = 0;
            for (int k = 0; k < 37; k++)
            {
                float value = x[rows[i] * 37 + k] * scales[i];
                Assert.Equal(value, results[1][i * 37 + k]);
                Assert.Equal(x[rows[i] * 37 + k] + value, results[3][rows[i] * 37 + k]);
                dot += (double)x[rows[i] * 37 + k] * value;
            }
            Assert.Equal(dot, results[2][i], 1e-5);
        }
        Assert.Equal(x.AsSpan(37, 2 * 37).ToArray(), results[3].AsSpan(37, 2 * 37).ToArray());
        using var pool = new ComputePool(1);
        Assert.Throws<ArgumentException>(() => Kernels.GatherRows(pool, x, 37, [20], new float[37]));
    }

    /// <summary>Distinct ascending experts for each row; some experts are chosen by nobody.</summary>
    private static int[] Choices(int rows, int experts, int perToken) => [.. Enumerable.Range(0, rows).SelectMany(row =>
        Enumerable.Range(0, experts).OrderBy(expert => expert % 3 == 1 && experts > 2 * perToken ? 2 : Values.Of(row + 1, experts)[expert]).Take(perToken).Order())];
}
