using System.Security.Cryptography;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Packed bytes are a file format: other processes map them, and files outlive programs.</summary>
public sealed class PackedLayoutTests
{
    private const int Outputs = 70; // two whole panels and a part of one

    /// <summary>SHA-256 of a packed sample by type, in the layout of <see cref="HashedVersion"/>.</summary>
    private static readonly Dictionary<WeightType, string> Hashes = new()
    {
        [WeightType.F32] = "d50b3e0e799d43b085edf3fc978478c103f6730b28b17f91928ee8abcbe423d3",
        [WeightType.BF16] = "f76768a77cec5faf737ae3d7c1b0fb8d78001864bf63cf538e70ada93f0a4345",
        [WeightType.F16] = "89945c419970283c41527dc42179dcd75c2338e2827d9bc538e45c6fa8a41485",
        [WeightType.Q8_0] = "95d4caba2b2322c024cfd21ee9b122b0f3210b65a76a5a044518c8643cb2508a",
        [WeightType.Q4_0] = "4c2e1769f8639cd7723eeae3a08227fc226abea235956bd338430da732d14c18",
        [WeightType.Q4_1] = "47b4a002ee183e95854f3e70e50b5ea7dfa536c98f8935ceb7f201c4d435853a",
        [WeightType.Q4_K] = "174f66a5178f2e073eaacb8ce5fdd7a4cbd4a3c4349513831f05d993fc26c87b",
        [WeightType.Q6_K] = "11b2fc0a831a1589032701dd833f3b1f2d43e503236ccb7233b977f5aba7e11c",
    };

    private const int HashedVersion = 3;

    public static TheoryData<WeightType> Types() => new(Enum.GetValues<WeightType>());

    [Theory, MemberData(nameof(Types))]
    public void Packed_bytes_change_only_with_the_layout_version(WeightType type)
    {
        Assert.True(PackedWeight.LayoutVersion == HashedVersion, $"The layout version is {PackedWeight.LayoutVersion}: commit the hashes of its samples here, and the version beside them.");
        using var weight = Pack(type);
        var hash = Convert.ToHexStringLower(SHA256.HashData(weight.Contents));
        Assert.True(Hashes.GetValueOrDefault(type) == hash, $"The packed bytes of {type} have the hash {hash}. If the layout was changed on purpose, raise PackedWeight.LayoutVersion and commit the hashes here: packed files on disks are of the old one.");
    }

    [Theory, MemberData(nameof(Types))]
    public void Parts_of_whole_panels_packed_apart_are_the_bytes_of_the_whole(WeightType type)
    {
        int inputs = Sample.WholeBlocks(type, 96);
        var rows = Sample.WeightBytes(type, 1, Outputs, inputs);
        using var whole = PackedWeight.Pack(type, rows, Outputs, inputs);
        int cut = PackedWeight.PanelOutputs, cutBytes = (int)(type.RowBytes(inputs) * cut);
        using var first = PackedWeight.Pack(type, rows.AsSpan(0, cutBytes), cut, inputs);
        using var second = PackedWeight.Pack(type, rows.AsSpan(cutBytes), Outputs - cut, inputs);
        Assert.Equal(PackedWeight.SizeOf(type, Outputs, inputs), whole.Bytes);
        Assert.Equal(Convert.ToHexString(whole.Contents), Convert.ToHexString(first.Contents) + Convert.ToHexString(second.Contents));
    }

    [Theory, MemberData(nameof(Types))]
    public void A_weight_over_a_mapped_file_gives_the_bits_of_one_in_memory(WeightType type)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "weights");
        using var weight = Pack(type);
        File.WriteAllBytes(path, [.. new byte[64], .. weight.Contents]);
        using var memory = new MappedMemory(path);
        memory.Populate();
        using var mapped = PackedWeight.Over(memory, 64, type, Outputs, weight.Inputs);
        using var pool = new ComputePool(2);
        foreach (int count in (int[])[1, 5, 40])
        {
            float[] x = Sample.Floats(2, count * weight.Inputs), expected = new float[count * Outputs], actual = new float[count * Outputs];
            Kernels.MatMul(pool, x, count, weight, expected);
            Kernels.MatMul(pool, x, count, mapped, actual);
            ChainReference.AssertSameBits(expected, actual, $"{count} rows");
        }
    }

    [Fact]
    public void A_large_weight_packed_by_all_processors_is_the_one_packed_in_parts()
    {
        const int outputs = 1024, inputs = 512; // 2 MB as float32
        var rows = Sample.WeightBytes(WeightType.F32, 3, outputs, inputs);
        using var whole = PackedWeight.Pack(WeightType.F32, rows, outputs, inputs);
        using var parts = new MemoryStream();
        int panel = PackedWeight.PanelOutputs, bytes = panel * inputs * sizeof(float);
        for (int i = 0; i < outputs / panel; i++)
        {
            using var part = PackedWeight.Pack(WeightType.F32, rows.AsSpan(i * bytes, bytes), panel, inputs);
            parts.Write(part.Contents);
        }
        Assert.True(whole.Contents.SequenceEqual(parts.ToArray()));
    }

    [Fact]
    public void A_weight_outside_its_file_or_off_a_cache_line_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "weights");
        File.WriteAllBytes(path, new byte[32 * 4 * 8]);
        using var memory = new MappedMemory(path);
        using (PackedWeight.Over(memory, 0, WeightType.F32, 32, 8)) { }
        Assert.Throws<ArgumentOutOfRangeException>(() => PackedWeight.Over(memory, 0, WeightType.F32, 33, 8));
        Assert.Throws<ArgumentException>(() => PackedWeight.Over(memory, 4, WeightType.F32, 32, 4));
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => PackedWeight.Over(memory, 0, WeightType.F32, 32, 8));
    }

    private static PackedWeight Pack(WeightType type)
    {
        int inputs = Sample.WholeBlocks(type, 96);
        return PackedWeight.Pack(type, Sample.WeightBytes(type, 1, Outputs, inputs), Outputs, inputs);
    }
}
