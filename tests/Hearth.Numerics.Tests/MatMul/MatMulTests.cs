using System.Buffers.Binary;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Rule E1: an output is one chain over ascending k, whatever the rows, the tiles, the threads and the instruction set.</summary>
public sealed class MatMulTests
{
    private static readonly int[] Rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 24, 25, 31, 32, 33, 64, 97, 130];
    private static readonly int[] OutputSizes = [1, 15, 16, 17, 31, 32, 33, 64, 65, 100, 192];
    private static readonly int[] InputSizes = [1, 2, 7, 31, 32, 33, 64, 255, 257, 300, 513];

    public static TheoryData<SimdLevel, int> Levels()
    {
        var data = new TheoryData<SimdLevel, int>();
        foreach (var level in Enum.GetValues<SimdLevel>().Where(level => level <= Simd.Widest))
        {
            data.Add(level, 1);
            data.Add(level, 2);
        }
        return data;
    }

    public static TheoryData<SimdLevel, int, WeightType> LevelsAndTypes()
    {
        var data = new TheoryData<SimdLevel, int, WeightType>();
        foreach (var row in Levels())
        {
            foreach (var type in Enum.GetValues<WeightType>()) data.Add(row.Data.Item1, row.Data.Item2, type);
        }
        return data;
    }

    [Theory, MemberData(nameof(LevelsAndTypes))]
    public void Every_output_is_one_chain_over_ascending_inputs(SimdLevel level, int threads, WeightType type)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        for (int i = 0; i < Rows.Length; i++) CheckForward(pool, Rows[i], Outputs(i), Inputs(type, i), type);
        if (level != SimdLevel.Portable) CheckForward(pool, 512, 100, Sample.WholeBlocks(type, 320), type);
    }

    [Theory, MemberData(nameof(LevelsAndTypes))]
    public void A_row_has_the_same_bits_among_any_number_of_rows(SimdLevel level, int threads, WeightType type)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        const int outputs = 75, most = 130;
        int inputs = Sample.WholeBlocks(type, 352);
        using var weight = PackedWeight.Pack(type, Sample.WeightBytes(type, 1, outputs, inputs), outputs, inputs);
        float[] x = Sample.Floats(2, most * inputs);
        var all = new float[most * outputs];
        Kernels.MatMul(pool, x, most, weight, all);
        for (int draw = 0; draw < 24; draw++)
        {
            int rows = draw < 6 ? draw + 1 : Sample.Integer(3, draw, 1, most);
            int first = Sample.Integer(4, draw, 0, most - rows);
            var some = new float[rows * outputs];
            Kernels.MatMul(pool, x.AsSpan(first * inputs, rows * inputs), rows, weight, some);
            ChainReference.AssertSameBits(all.AsSpan(first * outputs, rows * outputs), some, $"{rows} rows from {first}");
        }
    }

    [Theory, MemberData(nameof(LevelsAndTypes))]
    public void The_input_gradient_is_one_chain_over_ascending_outputs(SimdLevel level, int threads, WeightType type)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        for (int i = 0; i < Rows.Length; i += 2) CheckBackwardInput(pool, Rows[i], Outputs(i + 3), Inputs(type, i + 5), type, accumulate: i % 4 == 0);
        if (level != SimdLevel.Portable) CheckBackwardInput(pool, 512, 300, Sample.WholeBlocks(type, 96), type, accumulate: true);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Plain_weights_give_the_bits_of_packed_ones(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        for (int i = 0; i < Rows.Length; i++)
        {
            (int rows, int outputs, int inputs) = (Rows[i], Outputs(i + 1), Inputs(WeightType.F32, i + 2));
            float[] w = Sample.Floats(5, outputs * inputs), x = Sample.Floats(6, rows * inputs), dy = Sample.Floats(7, rows * outputs);
            using var packed = PackedWeight.PackFloat32(w, outputs, inputs);
            float[] y = new float[rows * outputs], expected = new float[rows * outputs];
            Kernels.MatMul(pool, x, rows, packed, expected);
            Kernels.MatMul(pool, x, rows, w, outputs, inputs, y);
            ChainReference.AssertSameBits(expected, y, $"y, {rows} x {outputs} x {inputs}");
            float[] dx = Sample.Floats(8, rows * inputs), expectedDx = Sample.Floats(8, rows * inputs);
            Kernels.MatMulBackwardInput(pool, dy, rows, packed, expectedDx, accumulate: true);
            Kernels.MatMulBackwardInput(pool, dy, rows, w, outputs, inputs, dx, accumulate: true);
            ChainReference.AssertSameBits(expectedDx, dx, $"dx, {rows} x {outputs} x {inputs}");
        }
    }

    [Theory, MemberData(nameof(Levels))]
    public void The_weight_gradient_is_one_chain_over_ascending_rows(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        bool fused = level != SimdLevel.Portable;
        for (int i = 0; i < Rows.Length; i++)
        {
            (int rows, int outputs, int inputs) = (InputSizes[i % InputSizes.Length], Rows[i], OutputSizes[(i + 2) % OutputSizes.Length]);
            float[] x = Sample.Floats(9, rows * inputs), dy = Sample.Floats(10, rows * outputs);
            float[] dw = Sample.Floats(11, outputs * inputs), expected = (float[])dw.Clone();
            ChainReference.Product(outputs, inputs, rows, (n, t) => dy[t * outputs + n], (t, k) => x[t * inputs + k], expected, accumulate: i % 2 == 0, fused);
            Kernels.MatMulBackwardWeight(pool, dy, x, rows, outputs, inputs, dw, accumulate: i % 2 == 0);
            ChainReference.AssertSameBits(expected, dw, $"dw, {rows} x {outputs} x {inputs}");
        }
    }

    [Theory, MemberData(nameof(Levels))]
    public void Products_of_one_x_give_their_bits_together(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        const int inputs = 64;
        foreach (int rows in (int[])[1, 2, 7, 40])
        {
            float[] x = Sample.Floats(rows, rows * inputs);
            using var block = NativeBlock.ForFloats(rows * (150 + 33 + 64), out var results);
            using var first = Weight(WeightType.Q8_0, 150);
            using var second = Weight(WeightType.Q4_0, 33);
            using var third = Weight(WeightType.F16, 64);
            Product[] products = [new(first, results.Slice(0, rows * 150)), new(second, results.Slice(rows * 150, rows * 33)), new(third, results.Slice(rows * 183, rows * 64))];
            for (int count = 1; count <= products.Length; count++)
            {
                results.Span.Clear();
                Kernels.MatMul(pool, x, rows, products.AsSpan(0, count));
                foreach (var product in products.AsSpan(0, count))
                {
                    float[] alone = new float[rows * product.Weight.Outputs];
                    Kernels.MatMul(pool, x, rows, product.Weight, alone);
                    ChainReference.AssertSameBits(alone, product.Result.Span, $"{product.Weight.Type}, {rows} rows, {count} together");
                }
            }
        }

        static PackedWeight Weight(WeightType type, int outputs) => PackedWeight.Pack(type, Sample.WeightBytes(type, 5, outputs, inputs), outputs, inputs);
    }

    [Theory, MemberData(nameof(Levels))]
    public void Slices_of_outputs_are_slices_of_the_result(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        const int rows = 21, outputs = 150, inputs = 70;
        float[] w = Sample.Floats(12, outputs * inputs), x = Sample.Floats(13, rows * inputs), dy = Sample.Floats(14, rows * outputs);
        using var packed = PackedWeight.PackFloat32(w, outputs, inputs);
        var y = new float[rows * outputs];
        var dx = new float[rows * inputs];
        Kernels.MatMul(pool, x, rows, packed, y);
        Kernels.MatMulBackwardInput(pool, dy, rows, packed, dx, accumulate: false);
        float[] chained = new float[rows * inputs], chainedPlain = new float[rows * inputs];
        for (int first = 0; first < outputs; first += 64)
        {
            int count = Math.Min(64, outputs - first);
            float[] part = new float[rows * count], partPlain = new float[rows * count], dyPart = new float[rows * count], expected = new float[rows * count];
            for (int i = 0; i < part.Length; i++)
            {
                expected[i] = y[i / count * outputs + first + i % count];
                dyPart[i] = dy[i / count * outputs + first + i % count];
            }
            Kernels.MatMul(pool, x, rows, packed, first, count, part);
            Kernels.MatMul(pool, x, rows, w, inputs, first, count, partPlain);
            ChainReference.AssertSameBits(expected, part, $"outputs {first}..");
            ChainReference.AssertSameBits(expected, partPlain, $"plain outputs {first}..");
            Kernels.MatMulBackwardInput(pool, dyPart, rows, packed, first, count, chained, accumulate: first > 0);
            Kernels.MatMulBackwardInput(pool, dyPart, rows, w, inputs, first, count, chainedPlain, accumulate: first > 0);
        }
        ChainReference.AssertSameBits(dx, chained, "the chain over slices");
        ChainReference.AssertSameBits(dx, chainedPlain, "the chain over plain slices");
    }

    [Theory]
    [InlineData(3, 40, 4500)]     // a chain that is packed in two parts
    [InlineData(600, 5, 4200)]    // and rows that are, too
    public void Long_chains_and_many_rows_are_packed_in_parts(int rows, int outputs, int inputs)
    {
        if (Simd.Widest == SimdLevel.Portable) return; // scalar: the same code, but minutes
        using var pool = new ComputePool(2);
        CheckForward(pool, rows, outputs, inputs, WeightType.BF16);
        CheckBackwardInput(pool, 3, inputs, outputs, WeightType.BF16, accumulate: true);
    }

    [Fact]
    public void Both_vector_levels_give_equal_bits()
    {
        if (Simd.Widest != SimdLevel.Avx512) return; // each level is checked against the scalar chain above as well
        using var pool = new ComputePool(2);
        foreach (var type in Enum.GetValues<WeightType>())
        {
            float[] narrow = Forward(SimdLevel.Avx2, pool, type), wide = Forward(SimdLevel.Avx512, pool, type);
            ChainReference.AssertSameBits(narrow, wide, type.ToString());
        }
    }

    [Fact]
    public void Two_threads_share_a_product()
    {
        using var pool = new ComputePool(2);
        using var weight = PackedWeight.PackFloat32(Sample.Floats(1, 576 * 576), 576, 576, WeightType.BF16);
        float[] x = Sample.Floats(2, 128 * 576);
        var y = new float[128 * 576];
        for (int i = 0; i < 1000 && (pool.ItemsRunBy(0) == 0 || pool.ItemsRunBy(1) == 0); i++) Kernels.MatMul(pool, x, 128, weight, y);
        Assert.True(pool.ItemsRunBy(0) > 0, "thread 0 ran no item");
        Assert.True(pool.ItemsRunBy(1) > 0, "thread 1 ran no item");
    }

    [Theory, MemberData(nameof(Levels))]
    public void A_value_that_is_not_finite_stays_in_its_row(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        const int outputs = 50, inputs = 64;
        using var weight = PackedWeight.PackFloat32(Sample.Floats(1, outputs * inputs), outputs, inputs);
        foreach (int rows in (int[])[1, 2, 5, 13])
        {
            float[] x = Sample.Floats(2, rows * inputs), clean = new float[rows * outputs], dirty = new float[rows * outputs];
            Kernels.MatMul(pool, x, rows, weight, clean);
            x[(rows - 1) * inputs + 3] = float.NaN;
            Kernels.MatMul(pool, x, rows, weight, dirty);
            ChainReference.AssertSameBits(clean.AsSpan(0, (rows - 1) * outputs), dirty.AsSpan(0, (rows - 1) * outputs), "rows before");
            Assert.All(dirty[((rows - 1) * outputs)..], value => Assert.True(float.IsNaN(value)));
        }
    }

    [Theory, MemberData(nameof(Levels))]
    public void An_infinite_or_NaN_half_in_a_weight_is_kept(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        const int outputs = 70, inputs = 40;
        byte[] bytes = Sample.WeightBytes(WeightType.F16, 1, outputs, inputs);
        foreach (var (output, bits) in new (int, ushort)[] { (3, 0x7C00), (17, 0xFC00), (40, 0x7E01), (69, 0xFFFF) })
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * (output * inputs + 5)), bits);
        using var weight = PackedWeight.Pack(WeightType.F16, bytes, outputs, inputs);
        float[] w = Widened(weight);
        Assert.Equal((float.PositiveInfinity, float.NegativeInfinity), (w[3 * inputs + 5], w[17 * inputs + 5]));
        foreach (int rows in (int[])[1, 2, 4, 8, 13, 40])
        {
            float[] x = Sample.Floats(2, rows * inputs), y = new float[rows * outputs], expected = new float[rows * outputs];
            ChainReference.Product(rows, outputs, inputs, (m, k) => x[m * inputs + k], (k, n) => w[n * inputs + k], expected, accumulate: false, level != SimdLevel.Portable);
            Kernels.MatMul(pool, x, rows, weight, y);
            ChainReference.AssertSameBits(expected, y, $"{rows} rows");
            Assert.True(float.IsInfinity(y[3]) && float.IsNaN(y[40]));
        }
    }

    [Fact]
    public void No_rows_give_a_zero_gradient_or_leave_it()
    {
        using var pool = new ComputePool(2);
        float[] dw = [1, 2, 3, 4];
        Kernels.MatMulBackwardWeight(pool, [], [], 0, 2, 2, dw, accumulate: true);
        Assert.Equal([1, 2, 3, 4], dw);
        Kernels.MatMulBackwardWeight(pool, [], [], 0, 2, 2, dw, accumulate: false);
        Assert.Equal([0, 0, 0, 0], dw);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using var pool = new ComputePool(1);
        using var weight = PackedWeight.PackFloat32(new float[64 * 8], 64, 8);
        float[] x = new float[16], y = new float[128];
        Assert.Contains("x must be [2, 8], 16 values, but has 15", Assert.Throws<ArgumentException>(() => Kernels.MatMul(pool, x.AsSpan(1), 2, weight, y)).Message);
        Assert.Contains("y must be [2, 64]", Assert.Throws<ArgumentException>(() => Kernels.MatMul(pool, x, 2, weight, y.AsSpan(1))).Message);
        Assert.Contains("multiple of 32", Assert.Throws<ArgumentException>(() => Kernels.MatMul(pool, x, 2, weight, 16, 16, y.AsSpan(0, 32))).Message);
        Assert.Contains("inside the weight's 64", Assert.Throws<ArgumentException>(() => Kernels.MatMul(pool, x, 2, weight, 32, 64, y)).Message);
        Assert.Contains("w must be", Assert.Throws<ArgumentException>(() => Kernels.MatMul(pool, x, 2, new float[7], 1, 8, y.AsSpan(0, 2))).Message);
    }

    private static int Outputs(int draw) => OutputSizes[draw % OutputSizes.Length];

    private static int Inputs(WeightType type, int draw) => type.BlockLength() * InputSizes[draw % type.BlockLength() switch { 1 => InputSizes.Length, 32 => 4, _ => 2 }];

    private static void CheckForward(ComputePool pool, int rows, int outputs, int inputs, WeightType type)
    {
        using var weight = PackedWeight.Pack(type, Sample.WeightBytes(type, 1, outputs, inputs), outputs, inputs);
        float[] x = Sample.Floats(2, rows * inputs), w = Widened(weight);
        float[] y = Sample.Floats(3, rows * outputs), expected = new float[rows * outputs];
        ChainReference.Product(rows, outputs, inputs, (m, k) => x[m * inputs + k], (k, n) => w[n * inputs + k], expected, accumulate: false, Simd.Level != SimdLevel.Portable);
        Kernels.MatMul(pool, x, rows, weight, y);
        ChainReference.AssertSameBits(expected, y, $"{rows} x {outputs} x {inputs} {type}");
    }

    private static void CheckBackwardInput(ComputePool pool, int rows, int outputs, int inputs, WeightType type, bool accumulate)
    {
        using var weight = PackedWeight.Pack(type, Sample.WeightBytes(type, 1, outputs, inputs), outputs, inputs);
        float[] dy = Sample.Floats(2, rows * outputs), w = Widened(weight);
        float[] dx = Sample.Floats(3, rows * inputs), expected = (float[])dx.Clone();
        ChainReference.Product(rows, inputs, outputs, (m, n) => dy[m * outputs + n], (n, k) => w[n * inputs + k], expected, accumulate, Simd.Level != SimdLevel.Portable);
        Kernels.MatMulBackwardInput(pool, dy, rows, weight, dx, accumulate);
        ChainReference.AssertSameBits(expected, dx, $"{rows} x {outputs} x {inputs} {type}");
    }

    private static float[] Forward(SimdLevel level, ComputePool pool, WeightType type)
    {
        using var _ = Simd.Force(level);
        const int rows = 37, outputs = 83;
        int inputs = Sample.WholeBlocks(type, 608);
        using var weight = PackedWeight.Pack(type, Sample.WeightBytes(type, 1, outputs, inputs), outputs, inputs);
        var y = new float[rows * outputs];
        Kernels.MatMul(pool, Sample.Floats(2, rows * inputs), rows, weight, y);
        return y;
    }

    private static float[] Widened(PackedWeight weight)
    {
        var values = new float[weight.Outputs * weight.Inputs];
        for (int n = 0; n < weight.Outputs; n++) weight.WriteRow(n, values.AsSpan(n * weight.Inputs, weight.Inputs));
        return values;
    }
}
