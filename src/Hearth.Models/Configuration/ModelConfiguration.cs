namespace Hearth.Models;

/// <summary>What a decoder's sizes and variants are; read from a Hugging Face <c>config.json</c> or from GGUF metadata.</summary>
public sealed partial record ModelConfiguration
{
    /// <summary>Family: llama, mistral, qwen2, qwen3 or qwen3_moe (the <c>model_type</c> of Hugging Face).</summary>
    public required string Architecture { get; init; }

    /// <summary>V.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>D: width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>F: width inside the feed-forward layer.</summary>
    public required int FeedForwardWidth { get; init; }

    /// <summary>Mixture of experts in place of the feed-forward layer; null where there is none.</summary>
    public ExpertParameters? Experts { get; init; }

    /// <summary>Layers, ascending, that keep a feed-forward layer in a model with experts.</summary>
    public IReadOnlyList<int> DenseLayers { get; init; } = [];

    /// <summary>L.</summary>
    public required int Layers { get; init; }

    /// <summary>H: query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>K: key-value heads; divides <see cref="Heads"/>.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>E: width of a head. H * E need not be D.</summary>
    public required int HeadWidth { get; init; }

    /// <summary>Positions the model is made for.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Added to the mean square in every RMS norm.</summary>
    public required float RmsEpsilon { get; init; }

    /// <summary>Rotary position embedding.</summary>
    public RopeParameters Rope { get; init; } = new();

    /// <summary>Whether the output head is the embedding matrix.</summary>
    public bool TieEmbeddings { get; init; }

    /// <summary>Whether q, k and v projections have a bias.</summary>
    public bool QkvBias { get; init; }

    /// <summary>Whether the attention's output projection has a bias.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Whether gate, up and down projections have a bias.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Whether queries and keys are normalised head by head, before the rotation.</summary>
    public bool QkNorm { get; init; }

    /// <summary>[L] width of each layer's attention window; 0 sees all earlier positions. A query at p sees p - window + 1 .. p.</summary>
    public required IReadOnlyList<int> Windows { get; init; }

    /// <summary>Token that begins a text, if any.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end a generation; may be empty.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Token that fills rows, if any.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Width of all query heads: H * E.</summary>
    public int QueryWidth => Heads * HeadWidth;

    /// <summary>Width of all key heads: K * E.</summary>
    public int KeyValueWidth => KeyValueHeads * HeadWidth;

    /// <summary>Whether a layer has experts in place of a feed-forward layer.</summary>
    public bool HasExperts(int layer) => Experts is not null && !DenseLayers.Contains(layer);

    /// <summary>Checks the ranges that every later size computation relies on.</summary>
    /// <exception cref="InvalidDataException">A value is outside its range; the message names it.</exception>
    internal ModelConfiguration Validate()
    {
        Require(Width is > 0 and <= MaxWidth, "hidden size", Width, $"1..{MaxWidth}");
        Require(FeedForwardWidth is > 0 and <= MaxWidth, "feed-forward size", FeedForwardWidth, $"1..{MaxWidth}");
        if (Experts is { } experts)
        {
            Require(experts.Count is > 0 and <= MaxExperts, "number of experts", experts.Count, $"1..{MaxExperts}");
            Require(experts.PerToken > 0 && experts.PerToken <= Math.Min(experts.Count, MaxChosenExperts), "number of experts a token", experts.PerToken, $"1..{Math.Min(experts.Count, MaxChosenExperts)}");
            Require(experts.Width is > 0 and <= MaxWidth, "feed-forward size of an expert", experts.Width, $"1..{MaxWidth}");
        }
        Require(VocabularySize is > 0 and <= MaxVocabulary, "vocabulary size", VocabularySize, $"1..{MaxVocabulary}");
        Require(Layers is > 0 and <= MaxLayers, "number of layers", Layers, $"1..{MaxLayers}");
        Require(Heads is > 0 and <= MaxHeads, "number of attention heads", Heads, $"1..{MaxHeads}");
        Require(KeyValueHeads > 0 && Heads % KeyValueHeads == 0, "number of key-value heads", KeyValueHeads, $"a divisor of the {Heads} attention heads");
        Require(HeadWidth is > 0 and <= MaxHeadWidth && HeadWidth % 2 == 0, "head size", HeadWidth, $"even and in 2..{MaxHeadWidth}");
        Require(MaxPositions > 0, "number of positions", MaxPositions, "positive");
        Require(float.IsFinite(RmsEpsilon) && RmsEpsilon >= 0, "RMS epsilon", RmsEpsilon, "finite and not negative");
        Require(double.IsFinite(Rope.Theta) && Rope.Theta > 1, "rope theta", Rope.Theta, "finite and above 1");
        Require(double.IsFinite(Rope.Factor) && Rope.Factor > 0, "rope factor", Rope.Factor, "finite and positive");
        Require(Windows.Count == Layers, "number of windows", Windows.Count, $"{Layers}, one a layer");
        foreach (var id in SpecialTokenIds()) Require(id >= 0 && id < VocabularySize, "special token id", id, $"0..{VocabularySize - 1}");
        return this;
    }

    // Far above any published model; they keep hostile files from asking for absurd memory.
    private const int MaxWidth = 1 << 17, MaxVocabulary = 1 << 21, MaxLayers = 1024, MaxHeads = 1024, MaxHeadWidth = 1024, MaxExperts = 1024, MaxChosenExperts = 64;

    private IEnumerable<int> SpecialTokenIds()
    {
        if (BosTokenId is { } bos) yield return bos;
        foreach (var eos in EosTokenIds) yield return eos;
    }

    private static void Require(bool holds, string what, object value, string rule)
    {
        if (!holds) throw new InvalidDataException(FormattableString.Invariant($"Model configuration: {what} is {value}, it must be {rule}."));
    }
}
