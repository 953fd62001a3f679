using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Every published form packs into a file whose mapped weights give the bits of weights packed in memory.</summary>
[Trait("Category", "Fixtures")]
public sealed class PackedFormatTests
{
    private const string Absent = "The model files of the fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).";

    public static TheoryData<string> Folders() => new(ArchitectureCase.Names());

    public static TheoryData<string> GgufFiles() => GgufLogitsTests.Files();

    [Theory, MemberData(nameof(Folders))]
    public void A_folder_gives_the_bits_of_weights_packed_in_memory(string name) =>
        RequireEqual(Path.Combine(FixtureFolder.Find("architectures"), name));

    [Theory, MemberData(nameof(GgufFiles))]
    public void A_gguf_file_gives_the_bits_of_weights_packed_in_memory(string name)
    {
        var models = FixtureFolder.TryFind("gguf/models");
        Assert.SkipWhen(models is null, Absent);
        RequireEqual(Path.Combine(models!, name + ".gguf"));
    }

    private static void RequireEqual(string source)
    {
        using var folder = new TemporaryFolder();
        using var files = ModelFiles.Open(source);
        using var packed = TransformerModel.Load(files, new PackedStore(folder.Path));
        using var memory = TransformerModel.Load(files);
        Assert.NotNull(packed.Weights!.PackedFile);
        Assert.Null(memory.Weights!.PackedFile);
        Assert.Equal(memory.Weights.Bytes, packed.Weights.Bytes);
        Assert.Equal(memory.Weights.SourceBytes, packed.Weights.SourceBytes);
        using var pool = new ComputePool(2);
        using SingleSequence one = new(packed, pool), other = new(memory, pool);
        int[] ids = [1, 5, 9, 2, 7];
        TensorComparison.RequireEqualBits(source, other.Append(ids), one.Append(ids));
    }
}
