using Hearth.TestKit;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Rule E7: a stored value is the float32 number that the format's reference gives.</summary>
public sealed class PackedWeightTests
{
    public static TheoryData<WeightType> StoredTypes() => [WeightType.BF16, WeightType.F16, WeightType.Q8_0, WeightType.Q4_0, WeightType.Q4_1, WeightType.Q4_K, WeightType.Q6_K];

    [Theory, MemberData(nameof(StoredTypes)), Trait("Category", "Fixtures")]
    public void Rows_widen_to_the_reference_values(WeightType type)
    {
        var file = new TensorFile(Path.Combine(FixtureFolder.Find("gguf/blocks"), $"{type}.safetensors"));
        float[] values = file.Floats("values");
        // 32 blocks or values a row; whatever is left over (no fixture today) would be a last short row of its own.
        int inputs = type.BlockLength() == 1 ? 128 : Sample.WholeBlocks(type, 64), outputs = values.Length / inputs;
        int whole = outputs * inputs;
        byte[] bytes = file.Bytes("bytes")[..(int)(type.RowBytes(inputs) * outputs)];
        using var weight = PackedWeight.Pack(type, bytes, outputs, inputs);
        var row = new float[inputs];
        for (int n = 0; n < outputs; n++)
        {
            weight.WriteRow(n, row);
            ChainReference.AssertSameBits(values.AsSpan(n * inputs, inputs), row, $"row {n}");
        }
        Assert.True(values.Length - whole < inputs);
    }

    [Theory, MemberData(nameof(StoredTypes)), Trait("Category", "Fixtures")]
    public void Kernels_widen_to_the_reference_values(WeightType type)
    {
        // x = identity: y is W itself (1 * w + 0, exact), through the vector code.
        var file = new TensorFile(Path.Combine(FixtureFolder.Find("gguf/blocks"), $"{type}.safetensors"));
        float[] values = file.Floats("values");
        int inputs = Sample.WholeBlocks(type, 32), outputs = values.Length / inputs;
        byte[] bytes = file.Bytes("bytes")[..(int)(type.RowBytes(inputs) * outputs)];
        // A chain multiplies every value of a row: rows with infinities or NaNs would show as NaN everywhere.
        var finite = Enumerable.Range(0, outputs).Where(n => values.AsSpan(n * inputs, inputs).ToArray().All(float.IsFinite)).ToHashSet();
        using var weight = PackedWeight.Pack(type, bytes, outputs, inputs);
        var identity = new float[inputs * inputs];
        for (int i = 0; i < inputs; i++) identity[i * inputs + i] = 1f;
        foreach (var level in Enum.GetValues<SimdLevel>().Where(level => level <= Simd.Widest))
        {
            using var _ = Simd.Force(level);
            using var pool = new ComputePool(1);
            foreach (int rows in (int[])[1, inputs])
            {
                var y = new float[rows * outputs];
                Kernels.MatMul(pool, identity.AsSpan(0, rows * inputs), rows, weight, y);
                for (int i = 0; i < y.Length; i++)
                {
                    int n = i % outputs;
                    if (finite.Contains(n)) Assert.Equal(values[n * inputs + i / outputs], y[i]); // +0 = -0: the chain starts at +0
                }
            }
        }
        Assert.True(finite.Count > outputs / 2);
    }

    [Theory, MemberData(nameof(StoredTypes))]
    public void A_stored_weight_and_its_float32_expansion_give_equal_bits(WeightType type)
    {
        const int outputs = 70;
        int inputs = Sample.WholeBlocks(type, 608);
        using var pool = new ComputePool(2);
        using var stored = PackedWeight.Pack(type, Sample.WeightBytes(type, 1, outputs, inputs), outputs, inputs);
        var values = new float[outputs * inputs];
        for (int n = 0; n < outputs; n++) stored.WriteRow(n, values.AsSpan(n * inputs, inputs));
        using var expanded = PackedWeight.PackFloat32(values, outputs, inputs);
        foreach (int rows in (int[])[1, 2, 4, 7, 40])
        {
            float[] x = Sample.Floats(2, rows * inputs), dy = Sample.Floats(3, rows * outputs);
            float[] y = new float[rows * outputs], expected = new float[rows * outputs], dx = new float[rows * inputs], expectedDx = new float[rows * inputs];
            Kernels.MatMul(pool, x, rows, stored, y);
            Kernels.MatMul(pool, x, rows, expanded, expected);
            ChainReference.AssertSameBits(expected, y, $"y of {rows} rows");
            Kernels.MatMulBackwardInput(pool, dy, rows, stored, dx, accumulate: false);
            Kernels.MatMulBackwardInput(pool, dy, rows, expanded, expectedDx, accumulate: false);
            ChainReference.AssertSameBits(expectedDx, dx, $"dx of {rows} rows");
        }
    }

    [Theory, MemberData(nameof(StoredTypes))]
    public void A_packed_weight_takes_the_room_of_its_file(WeightType type)
    {
        const int outputs = 96;
        int inputs = Sample.WholeBlocks(type, 544);
        byte[] file = Sample.WeightBytes(type, 1, outputs, inputs);
        using var weight = PackedWeight.Pack(type, file, outputs, inputs);
        Assert.InRange(weight.Bytes, file.Length, file.Length * 1.03);
    }

    [Fact]
    public void Float32_rounds_to_the_nearest_bfloat16_and_ties_to_even()
    {
        float[] values = [1f, 1.00390625f, 1.01171875f, 1.004f, float.PositiveInfinity, float.NaN, -0f, 3.4e38f];
        using var weight = PackedWeight.PackFloat32(values, 1, values.Length, WeightType.BF16);
        var row = new float[values.Length];
        weight.WriteRow(0, row);
        ChainReference.AssertSameBits([1f, 1f, 1.015625f, 1.0078125f, float.PositiveInfinity, float.NaN, -0f, float.PositiveInfinity], row, "rounded");
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        Assert.Contains("blocks of 32 values, but the row has 33", Assert.Throws<ArgumentException>(() => PackedWeight.Pack(WeightType.Q8_0, new byte[34], 1, 33)).Message);
        Assert.Contains("blocks of 256 values, but the row has 288", Assert.Throws<ArgumentException>(() => PackedWeight.Pack(WeightType.Q6_K, new byte[210], 1, 288)).Message);
        Assert.Contains("has 64 bytes, but 63 were given", Assert.Throws<ArgumentException>(() => PackedWeight.Pack(WeightType.F32, new byte[63], 4, 4)).Message);
        Assert.Throws<ArgumentException>(() => PackedWeight.PackFloat32(new float[32], 1, 32, WeightType.Q8_0));
        using var weight = PackedWeight.PackFloat32(new float[8], 2, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => weight.WriteRow(2, new float[4]));
        Assert.Throws<ArgumentException>(() => weight.WriteRow(1, new float[5]));
    }
}
