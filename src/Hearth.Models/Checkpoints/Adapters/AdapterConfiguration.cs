using System.Globalization;
using System.Text.RegularExpressions;

namespace Hearth.Models;

/// <summary>The base model's biases that an adapter replaces.</summary>
public enum AdapterBias
{
    /// <summary>None.</summary>
    None,
    /// <summary>Those of the adapted modules (PEFT: lora_only).</summary>
    Adapted,
    /// <summary>All.</summary>
    All,
}

/// <summary>What PEFT's <c>adapter_config.json</c> says of a LoRA adapter: ranks, scales and which modules it adapts.</summary>
/// <remarks>Matching of names follows peft/tuners/tuners_utils.py (check_target_module_exists) and peft/utils/other.py (get_pattern_key).</remarks>
public sealed partial record AdapterConfiguration
{
    internal const string Head = "lm_head", EmbedTokens = "embed_tokens", Embedding = "model.embed_tokens";

    private const string AllLinear = "all-linear";
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(200); // expressions come from files

    /// <summary>Name of the model that was adapted; null where the file does not say.</summary>
    public string? BaseModel { get; init; }

    /// <summary>R, for modules that no pattern names.</summary>
    public required int Rank { get; init; }

    /// <summary>Numerator of the scale, for modules that no pattern names.</summary>
    public required double Alpha { get; init; }

    /// <summary>Whether the scale is alpha / sqrt(rank) (arXiv:2312.03732) rather than alpha / rank.</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Dropout on the adapter's input while it was trained.</summary>
    public double Dropout { get; init; }

    /// <summary>Module names: a module is adapted where its path is one of them, or ends with a dot and one of them.</summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>A regular expression over whole module paths, in place of <see cref="TargetModules"/>; "all-linear" is every one but the head.</summary>
    public string? TargetExpression { get; init; }

    /// <summary>Names, as <see cref="TargetModules"/>, that are left out.</summary>
    public IReadOnlyList<string> ExcludedModules { get; init; } = [];

    /// <summary>A regular expression over module paths that are left out.</summary>
    public string? ExcludedExpression { get; init; }

    /// <summary>Names, as <see cref="TargetModules"/>, of weights that are adapted although they are no linear module: the fused experts of transformers 5.</summary>
    public IReadOnlyList<string> TargetParameters { get; init; } = [];

    /// <summary>Layers that are adapted; null is all.</summary>
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    /// <summary>Ranks by regular expression on the end of a module path; the first that matches holds.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>Alphas by regular expression on the end of a module path; the first that matches holds.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Which biases of the base model the adapter replaces.</summary>
    public AdapterBias Bias { get; init; }

    /// <summary>Whether the updates have biases of their own: y += scale * (B (A x) + bias).</summary>
    public bool UpdateBias { get; init; }

    /// <summary>Modules that the adapter replaces as a whole: <c>lm_head</c>, <c>embed_tokens</c>.</summary>
    public IReadOnlyList<string> SavedModules { get; init; } = [];

    /// <summary>Tokens whose embeddings the adapter replaces.</summary>
    public IReadOnlyList<int> TrainedTokens { get; init; } = [];

    /// <summary>R of a module.</summary>
    public int RankOf(string modulePath) => FirstMatch(RankPattern, modulePath, Rank);

    /// <summary>What the module's product B(Ax) is multiplied by.</summary>
    public float ScaleOf(string modulePath)
    {
        var (alpha, rank) = (FirstMatch(AlphaPattern, modulePath, Alpha), RankOf(modulePath));
        return (float)(alpha / (RankStabilized ? Math.Sqrt(rank) : rank));
    }

    /// <summary>Whether a linear module is adapted.</summary>
    public bool Targets(string modulePath) => IsNamed(modulePath) && !IsExcluded(modulePath) && IsInLayers(modulePath);

    /// <summary>Whether a parameter that is no linear module is adapted.</summary>
    public bool TargetsParameter(string path) => TargetParameters.Any(name => NameMatches(name, path));

    /// <summary>Whether a name of <see cref="TargetModules"/> means this module.</summary>
    internal static bool NameMatches(string name, string modulePath) => modulePath == name || modulePath.EndsWith("." + name, StringComparison.Ordinal);

    private bool IsNamed(string modulePath) => TargetExpression switch
    {
        null => TargetModules.Any(name => NameMatches(name, modulePath)),
        AllLinear => modulePath is not (Head or Embedding),
        var expression => MatchesWhole(expression, modulePath),
    };

    private bool IsExcluded(string modulePath) => ExcludedExpression is { } expression
        ? MatchesWhole(expression, modulePath)
        : ExcludedModules.Any(name => NameMatches(name, modulePath));

    private bool IsInLayers(string modulePath) => LayersToTransform is null
        || (LayerNumber().Match(modulePath) is { Success: true } match && LayersToTransform.Contains(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));

    private static T FirstMatch<T>(IReadOnlyList<KeyValuePair<string, T>> patterns, string modulePath, T otherwise)
    {
        foreach (var (pattern, value) in patterns)
            if (MatchesWhole($"(.*\\.)?({pattern})", modulePath)) return value;
        return otherwise;
    }

    private static bool MatchesWhole(string expression, string modulePath)
    {
        try
        {
            return Regex.IsMatch(modulePath, $"^(?:{expression})$", RegexOptions.CultureInvariant, MatchTimeout);
        }
        catch (Exception fault) when (fault is ArgumentException or RegexMatchTimeoutException)
        {
            throw new InvalidDataException($"adapter_config.json has the module expression '{expression}', which cannot be evaluated ({fault.Message}).");
        }
    }

    [GeneratedRegex(@"^model\.layers\.(\d{1,6})\.")]
    private static partial Regex LayerNumber();
}
