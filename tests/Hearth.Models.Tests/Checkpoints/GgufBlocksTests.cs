using System.Runtime.InteropServices;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Blocks to float32, compared bit for bit with llama.cpp's and gguf-py's dequantisers.</summary>
[Trait("Category", "Fixtures")]
public sealed class GgufBlocksTests
{
    /// <summary>Types that are read; the fixtures hold others, which are refused by name.</summary>
    public static TheoryData<string> Types() =>
        new(FixtureFolder.Files("gguf/blocks", "*.safetensors").Select(file => Path.GetFileNameWithoutExtension(file)).Where(name => name != "quantize"));

    [Theory, MemberData(nameof(Types))]
    public void Values_equal_the_reference_bit_for_bit_or_the_type_is_refused_by_name(string name)
    {
        var type = Enum.Parse<TensorType>(name);
        using var file = SafetensorsFile.Open(Path.Combine(FixtureFolder.Find("gguf/blocks"), name + ".safetensors"));
        var expected = file.Get("values").ToFloat32();
        var values = new float[expected.Length];
        var bytes = file.Get("bytes").Bytes.ToArray();
        if (!type.IsReadable())
        {
            var refusal = Assert.Throws<NotSupportedException>(() => GgufBlocks.Dequantize(type, bytes, values));
            Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
            return;
        }
        GgufBlocks.Dequantize(type, bytes, values);
        TensorComparison.RequireEqualBits(name, expected, values);
    }

    [Theory, MemberData(nameof(Types))]
    public void Block_sizes_are_those_of_the_format(string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(FixtureFolder.Find("gguf/blocks"), name + ".safetensors"));
        var (bytes, values) = (file.Get("bytes").Shape, file.Get("values").Shape);
        var type = Enum.Parse<TensorType>(name);
        Assert.Equal(bytes[0] * bytes[1], type.ByteLength(values[0] * values[1]));
        if (type is not (TensorType.F16 or TensorType.BF16)) Assert.Equal((bytes[1], values[1]), (type.BlockBytes(), type.BlockValues()));
    }

    [Fact]
    public void Q5_0_blocks_are_the_numbers_of_the_Q8_0_blocks_that_are_computed_with()
    {
        using var file = SafetensorsFile.Open(Path.Combine(FixtureFolder.Find("gguf/blocks"), "Q5_0.safetensors"));
        var expected = file.Get("values").ToFloat32();
        var values = new float[expected.Length];
        GgufBlocks.Dequantize(TensorType.Q8_0, Q5Blocks.ToQ8_0(file.Get("bytes").Bytes), values);
        TensorComparison.RequireEqualBits("Q5_0 as Q8_0", expected, values);
    }

    [Fact]
    public void Lengths_that_disagree_are_refused()
    {
        Assert.Throws<ArgumentException>(() => GgufBlocks.Dequantize(TensorType.Q8_0, new byte[34], new float[31]));
        Assert.Throws<ArgumentException>(() => GgufBlocks.Dequantize(TensorType.Q8_0, new byte[33], new float[32]));
        Assert.Throws<ArgumentException>(() => GgufBlocks.Dequantize(TensorType.F32, new byte[5], new float[1]));
    }

    [Fact]
    public void Bytes_need_not_be_aligned()
    {
        float[] values = [1.5f, -2f];
        var bytes = new byte[9];
        MemoryMarshal.AsBytes<float>(values).CopyTo(bytes.AsSpan(1));
        var read = new float[2];
        GgufBlocks.Dequantize(TensorType.F32, bytes.AsSpan(1), read);
        Assert.Equal(values, read);
    }
}
