namespace Hearth.ControlPlane;

/// <summary>The right to do something alone for a while (rules R4, R5).</summary>
/// <param name="Epoch">Rises each time the lease is taken; a holder with a lower one has lost it.</param>
/// <param name="Expires">By the store's clock. A holder counts on its own monotonic clock and stops well before.</param>
public sealed record Lease(string Name, string Holder, long Epoch, DateTimeOffset Expires);
