using System.Diagnostics;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Hostile and broken files: refused with a named fault, quickly, without taking memory that the file does not have.</summary>
[Trait("Category", "Fixtures")]
public sealed class MalformedFilesTests
{
    private static readonly string Folder = FixtureFolder.Find("gguf/malformed");

    private static readonly Dictionary<string, JsonElement> Expected = JsonDocument
        .Parse(File.ReadAllText(Path.Combine(Folder, "expected.json"))).RootElement.EnumerateArray()
        .ToDictionary(entry => entry.GetProperty("file").GetString()!, entry => entry.Clone());

    public static TheoryData<string> Names() => new(Expected.Keys);

    [Theory, MemberData(nameof(Names))]
    public void A_file_is_accepted_or_refused_as_the_reference_readers_do(string name)
    {
        var must = Expected[name].GetProperty("must").GetString();
        var path = Path.Combine(Folder, name);
        var fault = Record.Exception(() => Read(path));
        if (must == "accept") Assert.Null(fault);
        if (must == "refuse") Assert.NotNull(fault);
        if (fault is null) return;
        Assert.True(fault is InvalidDataException or NotSupportedException, $"{fault.GetType()}: {fault.Message}");
        Assert.False(string.IsNullOrWhiteSpace(fault.Message));
    }

    [Theory, MemberData(nameof(Names))]
    public void A_refusal_takes_neither_a_second_nor_memory_beyond_the_file(string name)
    {
        var path = Path.Combine(Folder, name);
        Record.Exception(() => Read(path)); // compiles what is measured next
        var (before, watch) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.StartNew());
        Record.Exception(() => Read(path));
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"took {watch.Elapsed}");
        Assert.True(taken < (128 << 10) + 16 * new FileInfo(path).Length, $"allocated {taken} bytes"); // the constant is buffers and messages
    }

    [Theory]
    [InlineData("offsets-overlap.safetensors", "begins tensor")]
    [InlineData("shape-wraps-to-fit.safetensors", "overflows 64 bits")]
    [InlineData("header-length-beyond-file.safetensors", "more than the file")]
    [InlineData("size-wrong-dtype.safetensors", "F16 needs")]
    [InlineData("array-nested-3000-deep.gguf", "array of arrays")]
    [InlineData("dimension-product-wraps-to-fit.gguf", "overflows 64 bits")]
    [InlineData("offset-unaligned.gguf", "multiple of the alignment")]
    [InlineData("big-endian-version.gguf", "big-endian")]
    [InlineData("model-tensor-transposed.gguf", "blk.0.ffn_up.weight' is [")]
    [InlineData("model-missing-tensor.gguf", "no tensor 'blk.0.ffn_down.weight'")]
    [InlineData("model-missing-key.gguf", "llama.attention.head_count")]
    [InlineData("model-unknown-architecture.gguf", "'llamb' is not supported")]
    [InlineData("model-token-types-short.gguf", "token_type")]
    public void The_message_names_the_fault(string name, string part)
    {
        var fault = Record.Exception(() => Read(Path.Combine(Folder, name)));
        Assert.Contains(part, fault?.Message ?? "accepted", StringComparison.Ordinal);
    }

    private static void Read(string path)
    {
        if (path.EndsWith(".safetensors", StringComparison.Ordinal))
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var name in file.Names) _ = file.Get(name).Bytes.Length;
        }
        else if (Expected[Path.GetFileName(path)].GetProperty("level").GetString() == "model")
        {
            using var files = ModelFiles.Open(path);
            foreach (var name in files.Names) files.Get(name).ToFloat32();
        }
        else
        {
            using var file = GgufFile.Open(path);
            foreach (var name in file.Names) _ = file.Get(name).Bytes.Length;
        }
    }
}
