using Hearth.TestKit;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>What the catalogue says about a model is read from its files.</summary>
public sealed class ModelProbeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_mixture_of_experts_is_known_as_one_with_all_its_parameters()
    {
        var facts = await new ModelProbe().ProbeAsync(RandomExperts.Create(Path.Combine(_folder.Path, "model")), TestContext.Current.CancellationToken);
        Assert.True(facts.Moe);
        Assert.Equal("qwen3_moe", facts.ModelType);
        const int attention = (64 * 64 * 2) + (32 * 64 * 2) + (2 * 16), norms = 2 * 64, experts = (6 * 64) + (6 * 3 * 40 * 64), dense = 3 * 96 * 64;
        Assert.Equal((1200 * 64) + 64 + (3 * (attention + norms)) + (2 * experts) + dense, facts.ParameterCount);
        Assert.False((await new ModelProbe().ProbeAsync(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny"), TestContext.Current.CancellationToken)).Moe);
    }

    public void Dispose() => _folder.Dispose();
}
