using System.Text;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Files that are written: the reference library's bytes, whatever the order of adding.</summary>
public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-safetensors-").FullName;

    [Fact, Trait("Category", "Fixtures")]
    public void A_checkpoint_of_the_reference_library_is_rewritten_to_the_same_bytes()
    {
        var original = Path.Combine(FixtureFolder.Find("architectures"), "llama-tied", "model.safetensors");
        using var file = SafetensorsFile.Open(original);
        var writer = new SafetensorsWriter();
        foreach (var name in file.Names.Reverse()) writer.Add(name, file.Get(name).Type, file.Get(name).Shape, file.Get(name).Bytes.ToArray());
        writer.Save(Path.Combine(_folder, "copy.safetensors"));
        Assert.Equal(File.ReadAllBytes(original), File.ReadAllBytes(Path.Combine(_folder, "copy.safetensors")));
    }

    [Fact]
    public void Every_type_comes_back_as_it_was_written()
    {
        var path = Path.Combine(_folder, "types.safetensors");
        var writer = new SafetensorsWriter();
        writer.Add("z.f32", [2, 2], [1f, -0f, float.MaxValue, 1e-40f]);
        writer.Add("a.bf16", [3], [1f, 1.00390625f, 1.01171875f], TensorType.BF16); // both ties: to the even neighbour
        writer.Add("b.f16", [2], [65504f, 0.1f], TensorType.F16);
        writer.Add("c.i32", [2], [int.MinValue, 7]);
        writer.Add("d.bytes", TensorType.U8, [1], new byte[] { 9 });
        writer.Add("e.scalar", [], [3f]);
        writer.Save(path);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(["a.bf16", "b.f16", "c.i32", "d.bytes", "e.scalar", "z.f32"], file.Names);
        TensorComparison.RequireEqualBits("f32", [1f, -0f, float.MaxValue, 1e-40f], file.Get("z.f32").ToFloat32());
        TensorComparison.RequireEqualBits("bf16", [1f, 1f, 1.015625f], file.Get("a.bf16").ToFloat32());
        TensorComparison.RequireEqualBits("f16", [65504f, (float)(Half)0.1f], file.Get("b.f16").ToFloat32());
        Assert.Equal([9], file.Get("d.bytes").Bytes.ToArray());
        Assert.Equal([3f], file.Get("e.scalar").ToFloat32());
        Assert.Throws<NotSupportedException>(() => file.Get("c.i32").ToFloat32());
    }

    [Fact]
    public void A_shape_that_does_not_fit_the_bytes_is_refused()
    {
        var writer = new SafetensorsWriter();
        Assert.Throws<ArgumentException>(() => writer.Add("x", [3], new float[4]));
        Assert.Throws<NotSupportedException>(() => writer.Add("x", TensorType.Q8_0, [32], new byte[34]));
        writer.Add("x", [4], new float[4]);
        Assert.Throws<ArgumentException>(() => writer.Add("x", [4], new float[4]));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_else()
    {
        var path = Path.Combine(_folder, "file");
        AtomicFile.Write(path, stream => stream.Write("old"u8));
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path, Encoding.UTF8));
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData(0x7F800001u, true)]  // a NaN whose payload is cut must not become infinity
    [InlineData(0xFF800000u, false)]
    [InlineData(0x7F7FFFFFu, false)] // overflows to infinity
    public void Rounding_to_bfloat16_keeps_what_is_not_finite(uint bits, bool isNaN)
    {
        var rounded = BFloat16.Widen(BFloat16.Round(BitConverter.UInt32BitsToSingle(bits)));
        Assert.Equal(isNaN, float.IsNaN(rounded));
        Assert.False(float.IsFinite(rounded));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
