using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Rotary frequencies, compared with transformers' own.</summary>
[Trait("Category", "Fixtures")]
public sealed class RopeFrequenciesTests : IDisposable
{
    /// <summary>Types that no supported family uses yet; a configuration with one is refused by name.</summary>
    private static readonly string[] Unsupported = ["dynamic", "longrope"];

    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-rope-").FullName;

    public static TheoryData<string> Cases() => new(Operation().EnumerateObject().Select(property => property.Name));

    [Theory, MemberData(nameof(Cases))]
    public void Frequencies_equal_the_reference_or_the_type_is_refused_by_name(string name)
    {
        var attributes = Operation().GetProperty(name).GetProperty("attributes");
        var path = WriteConfig(attributes);
        var type = attributes.GetProperty("rope_parameters").GetProperty("rope_type").GetString()!;
        if (Unsupported.Contains(type))
        {
            Assert.Contains(type, Assert.Throws<NotSupportedException>(() => ModelConfiguration.FromConfigFile(path)).Message, StringComparison.Ordinal);
            return;
        }
        var frequencies = RopeFrequencies.Compute(ModelConfiguration.FromConfigFile(path));
        using var file = SafetensorsFile.Open(Path.Combine(FixtureFolder.Find("architectures/numerics"), "rope_frequencies.safetensors"));
        var expected = file.Get(name + ".inv_freq").ToFloat32();
        Assert.Equal(expected.Length, frequencies.InverseFrequencies.Length);
        for (int i = 0; i < expected.Length; i++) // README: 1e-6 elementwise; the reference computes in float32
            Assert.True(Math.Abs(frequencies.InverseFrequencies[i] - expected[i]) <= 1e-6 * expected[i], $"{i}: {frequencies.InverseFrequencies[i]:R}, expected {expected[i]:R}");
        Assert.Equal(attributes.GetProperty("attention_factor").GetDouble(), frequencies.AttentionFactor, 1e-12);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonElement Operation()
    {
        using var numerics = JsonDocument.Parse(File.ReadAllText(Path.Combine(FixtureFolder.Find("architectures/numerics"), "numerics.json")));
        return numerics.RootElement.GetProperty("operations").GetProperty("rope_frequencies").Clone();
    }

    private string WriteConfig(JsonElement attributes)
    {
        var path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, $$"""
            {"model_type": "llama", "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 8,
             "head_dim": {{attributes.GetProperty("head_dim")}}, "max_position_embeddings": {{attributes.GetProperty("max_position_embeddings")}},
             "rope_parameters": {{attributes.GetProperty("rope_parameters")}}}
            """);
        return path;
    }
}
