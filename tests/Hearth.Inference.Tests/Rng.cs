using Hearth.Numerics;

namespace Hearth.Inference.Tests;

/// <summary>A seeded stream of test data over <see cref="CounterRandom"/>.</summary>
internal sealed class Rng(ulong seed)
{
    private ulong _draws;

    public int Below(int bound) => CounterRandom.Below(bound, seed, RandomPurpose.Curriculum, 0, _draws++);

    /// <summary>Both ends included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    public float Normal() => CounterRandom.Normal(seed, RandomPurpose.Curriculum, 0, _draws++);
}
