using Hearth.Models;

namespace Hearth.Benchmarks;

/// <summary>How much a model has to compute and to read.</summary>
internal static class EngineWork
{
    /// <summary>Operations of a prompt and one row of logits: products of all layers and attention over what each position sees; a multiply-add is two.</summary>
    public static double PromptFlops(ModelConfiguration c, int tokens) =>
        2.0 * tokens * LayerWeights(c) + 4.0 * c.Layers * c.Heads * c.HeadWidth * (tokens * (tokens + 1.0) / 2) + 2.0 * c.VocabularySize * c.Width;

    /// <summary>Operations of one more token with its logits, attention left out.</summary>
    public static double TokenFlops(ModelConfiguration c) => 2.0 * (LayerWeights(c) + (double)c.VocabularySize * c.Width);

    /// <summary>Bytes of all matrices of <see cref="RandomGguf"/>, each read once for a token.</summary>
    public static double WeightBytes(RandomGguf.GgufType type) => new FileInfo(RandomGguf.Path(type)).Length - RandomGguf.HeadBytes(type);

    private static double LayerWeights(ModelConfiguration c) => (double)c.Layers * c.Width * ((2.0 * c.Heads + 2.0 * c.KeyValueHeads) * c.HeadWidth + 3.0 * c.FeedForwardWidth);
}
