using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>What fireworks.json says wins, what it leaves open stays the publisher's, what it asks for in vain is told.</summary>
public sealed class FireworksFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_defaults_win_over_the_publishers_advice()
    {
        var merged = Load("""{"defaults":{"temperature":0.5,"presence_penalty":1.5,"typical_p":0.7}}""").Over(new() { Temperature = 0.9, TopP = 0.8, TypicalP = 0.6, EosTokenIds = [7] });
        Assert.Equal((0.5, 0.8, 1.5, 0.7), (merged.Temperature, merged.TopP, merged.PresencePenalty, merged.TypicalP));
        Assert.Equal([7], merged.EosTokenIds);
    }

    [Fact]
    public void Its_template_is_jinja_and_another_style_is_told()
    {
        Assert.Equal("{{ x }}", Load("""{"conversation_config":{"style":"jinja","args":{"template":"{{ x }}"}},"has_lora":true}""").ChatTemplate);
        var other = Load("""{"conversation_config":{"style":"vicuna"},"defaults":{"stop":["END"],"max_tokens":5},"has_teft":true}""");
        Assert.Null(other.ChatTemplate);
        Assert.Equal(["conversation_config", "defaults.stop", "defaults.max_tokens", "has_teft"], other.NotApplied);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"defaults":{"temperature":"hot"}}""")]
    [InlineData("""{"conversation_config":{}}""")]
    public void A_broken_file_is_refused_by_name(string json) => Assert.Contains("fireworks.json", Assert.Throws<InvalidDataException>(() => Load(json)).Message);

    private FireworksFile Load(string json)
    {
        var path = Path.Combine(_folder.Path, "fireworks.json");
        File.WriteAllText(path, json);
        return FireworksFile.Load(path);
    }
}
