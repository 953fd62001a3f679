using System.Runtime.InteropServices;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>A real model file: SmolLM2-135M-Instruct, Q4_1.</summary>
[Trait("Category", "Fixtures")]
public sealed class SmolLmTests
{
    private const string Model = "SmolLM2-135M-Instruct";

    [Fact]
    public void Its_dequantised_rows_equal_the_reference()
    {
        using var gguf = GgufFile.Open(Path.Combine(Folder(), Model + ".Q4_1.gguf"));
        using var reference = SafetensorsFile.Open(Path.Combine(Folder(), "reference", "dequant.safetensors"));
        foreach (var name in reference.Names.Where(name => !name.EndsWith(".rows", StringComparison.Ordinal)))
        {
            var (expected, tensor) = (reference.Get(name), gguf.Get(name));
            var rows = reference.Contains(name + ".rows") ? MemoryMarshal.Cast<byte, int>(reference.Get(name + ".rows").Bytes).ToArray() : [0];
            var (want, width) = (expected.ToFloat32(), (int)expected.Shape[^1]);
            for (int i = 0; i < rows.Length; i++)
            {
                var row = new float[width];
                GgufBlocks.Dequantize(tensor.Type, tensor.RowBytes(rows[i], 1), row);
                TensorComparison.RequireEqualBits($"{name} row {rows[i]}", want.AsSpan(i * width, width), row);
            }
        }
    }

    [Fact]
    public void Its_metadata_say_what_its_config_json_says()
    {
        var folder = Folder();
        using var files = ModelFiles.Open(folder);
        var published = ModelConfiguration.FromConfigFile(Path.Combine(folder, "config.json"));
        var configuration = files.Configuration;
        Assert.Equal(published with { Windows = configuration.Windows, EosTokenIds = configuration.EosTokenIds, Rope = configuration.Rope }, configuration);
        Assert.Equal(published.Windows, configuration.Windows);
        Assert.Equal(published.EosTokenIds, configuration.EosTokenIds);
        Assert.Equal(published.Rope, configuration.Rope);
        Assert.Equal("smollm", files.GgufTokenizer!.Pre);
        Assert.Equal((49152, 48900), (files.GgufTokenizer.Tokens.Count, files.GgufTokenizer.Merges!.Count));
        Assert.NotNull(files.TokenizerFile);
    }

    private static string Folder()
    {
        var folder = FixtureFolder.TryFindModel(Model);
        Assert.SkipWhen(folder is null, $"The model {Model} is not here (HEARTH_MODELS or ../shared/models).");
        return folder!;
    }
}
