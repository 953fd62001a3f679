using Hearth.TestKit;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>The model store keeps the port's rules too.</summary>
public sealed class InMemoryConformanceTests : StoreConformance
{
    protected override IStore Create(TimeProvider clock) => new InMemoryStore(clock);

    [Fact]
    public async Task A_store_that_differs_is_shown_by_a_short_sequence()
    {
        // A store that goes by a clock of its own takes leases that the model still holds for others.
        var failure = await Assert.ThrowsAsync<Xunit.Sdk.FailException>(() => StoreSequence.CheckAsync(new StoreSteps(1).Take(400), _ => new InMemoryStore(TimeProvider.System)));
        Assert.Contains("after 1 of 400 steps", failure.Message);
        Assert.Contains("takes lease", failure.Message);
    }
}
