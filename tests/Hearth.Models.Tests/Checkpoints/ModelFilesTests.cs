using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Folders and GGUF files seen as models.</summary>
[Trait("Category", "Fixtures")]
public sealed class ModelFilesTests
{
    public static TheoryData<string> Folders()
    {
        var data = new TheoryData<string>();
        foreach (var name in FixtureFolder.Cases("architectures"))
            if (File.Exists(Path.Combine(FixtureFolder.Find("architectures"), name, "config.json"))) data.Add(name);
        return data;
    }

    /// <summary>A folder of a supported family opens and all its tensors can be read; any other is refused by its family's name.</summary>
    [Theory, MemberData(nameof(Folders))]
    public void A_folder_opens_or_its_architecture_is_refused_by_name(string name)
    {
        var folder = Path.Combine(FixtureFolder.Find("architectures"), name);
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        var family = config.RootElement.GetProperty("model_type").GetString()!;
        if (family is not ("llama" or "mistral" or "qwen2" or "qwen3" or "qwen3_moe"))
        {
            var refusal = Assert.Throws<NotSupportedException>(() => ModelFiles.Open(folder));
            Assert.Contains($"'{family}' is not supported", refusal.Message, StringComparison.Ordinal);
            return;
        }
        using var files = ModelFiles.Open(folder);
        Assert.Equal(family, files.Configuration.Architecture);
        Assert.Equal([2], files.Configuration.EosTokenIds);
        foreach (var tensor in files.Names) Assert.All(files.Get(tensor).ToFloat32(), value => Assert.True(float.IsFinite(value)));
    }
}
