using Hearth.TestKit;

namespace Hearth.ControlPlane.Tests;

/// <summary>The model store keeps the port's rules too.</summary>
public sealed class InMemoryConformanceTests : StoreConformance
{
    protected override IStore Create() => new InMemoryStore();
}
