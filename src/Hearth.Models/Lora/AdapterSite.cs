namespace Hearth.Models;

/// <summary>Where adapters attach in a decoder layer: projections that read the same input are one site, because their products with A are one product.</summary>
internal enum AdapterSite
{
    /// <summary>q, k and v.</summary>
    AttentionInput,
    /// <summary>o.</summary>
    AttentionOutput,
    /// <summary>gate and up.</summary>
    FeedForwardInput,
    /// <summary>down.</summary>
    FeedForwardOutput,
}

internal static class AdapterSites
{
    public const int Count = 4;

    private static readonly Projection[][] Members =
        [[Projection.Query, Projection.Key, Projection.Value], [Projection.Output], [Projection.Gate, Projection.Up], [Projection.Down]];

    /// <summary>The site's projections, in the order of its outputs.</summary>
    public static ReadOnlySpan<Projection> Projections(this AdapterSite site) => Members[(int)site];
}
