using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>The seven matrices of a decoder layer that LoRA can adapt, in PEFT's order of names.</summary>
public enum Projection { Query, Key, Value, Output, Gate, Up, Down }

/// <summary>Names of <see cref="Projection"/> in published checkpoints.</summary>
public static class ProjectionNames
{
    /// <summary>Number of projections in a dense layer.</summary>
    public const int Count = 7;

    /// <summary>Number of projections beside the experts of a layer: those of attention, which come first.</summary>
    public const int OfAttention = 4;

    /// <summary>Path inside the layer, such as <c>self_attn.q_proj</c>; <see cref="ModelLayout.LayerModules"/> has the enumeration's order.</summary>
    public static string Module(this Projection projection) => ModelLayout.LayerModules[(int)projection];

    /// <summary>Module path, such as <c>model.layers.3.mlp.up_proj</c>.</summary>
    public static string ModulePath(this Projection projection, int layer) => ModelLayout.ModulePath(layer, projection.Module());
}

/// <summary>A norm's weight, [D], and the trained tensor behind it, if any.</summary>
public readonly record struct NormWeight(FloatBuffer Values, Parameter? Parameter)
{
    /// <summary>True where the architecture has no such norm.</summary>
    public bool IsAbsent => Values.IsEmpty;
}

/// <summary>Weights of one pre-norm decoder layer of the Llama family: attention, then a gated feed-forward or a mixture of such experts.</summary>
public sealed class DecoderLayer : IDisposable
{
    /// <summary>Before attention, [D].</summary>
    public required NormWeight InputNorm { get; init; }
    /// <summary>Before the feed-forward, [D].</summary>
    public required NormWeight PostAttentionNorm { get; init; }
    /// <summary>On each query head, [E] (Qwen3); absent elsewhere.</summary>
    public NormWeight QueryNorm { get; init; }
    /// <summary>On each key head, [E] (Qwen3); absent elsewhere.</summary>
    public NormWeight KeyNorm { get; init; }
    /// <summary>By <see cref="Projection"/>; gate, up and down are left out where the layer has experts.</summary>
    public required Linear[] Projections { get; init; }
    /// <summary>Experts in place of the feed-forward; null in a dense layer.</summary>
    public ExpertLayer? Experts { get; init; }
    /// <summary>Sliding window of the layer; 0 = none.</summary>
    public int Window { get; init; }

    /// <summary>One projection.</summary>
    public Linear this[Projection projection] => Projections[(int)projection];

    /// <summary>The projections of a site, which lie beside each other.</summary>
    internal ReadOnlySpan<Linear> At(AdapterSite site)
    {
        var members = site.Projections();
        return Projections.AsSpan((int)members[0], members.Length);
    }

    /// <summary>Frees frozen weights.</summary>
    public void Dispose()
    {
        foreach (var projection in Projections) projection.Dispose();
        Experts?.Dispose();
    }
}
