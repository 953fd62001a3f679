namespace Hearth.ControlPlane;

/// <summary>What the rows of a file are. One file holds one format.</summary>
public enum RowFormat
{
    Unknown,
    /// <summary><c>{messages}</c>: conversations to train on or, without an answer, prompts for reinforcement and evaluation.</summary>
    Chat,
    /// <summary><c>{messages, label}</c>: an answer and whether it is wanted.</summary>
    Kto,
    /// <summary><c>{prompt, completion}</c></summary>
    Completion,
    /// <summary><c>{input, preferred_output, non_preferred_output}</c></summary>
    Preference,
    /// <summary><c>{samples}</c>: scored trajectories of one prompt.</summary>
    Trajectories,
    /// <summary><c>{custom_id, body}</c>: requests of a batch job.</summary>
    Batch,
    /// <summary>Chat rows that all end before an answer: what reinforcement jobs sample from. A row alone is never recognised as such, a file is.</summary>
    Prompts,
}

/// <summary>What chat rows may hold besides text; counted by row.</summary>
[Flags]
public enum RowFeatures
{
    None = 0,
    Tools = 1,
    Thinking = 2,
    Images = 4,
    /// <summary>A message with weight 0.</summary>
    MessageWeights = 8,
    /// <summary>The row's own <c>weight</c>.</summary>
    SampleWeight = 16,
    /// <summary>Ends before an answer: a prompt.</summary>
    Prompt = 32,
    GroundTruth = 64,
}

/// <summary>Asks what a row holds.</summary>
internal static class RowFeaturesExtensions
{
    /// <summary>How many features there are.</summary>
    public const int Count = 7;

    // Enum.HasFlag builds objects until its caller is compiled for speed; this is asked for every row.
    public static bool Holds(this RowFeatures features, RowFeatures one) => (features & one) != 0;
}

/// <summary>What a good row adds to the totals.</summary>
/// <param name="Trainable">At least one token of the row would count in a loss.</param>
/// <param name="Turns">Messages of the user.</param>
/// <param name="ImageBytes">Bytes of the row that are images' base64.</param>
/// <param name="Id">For rows whose id must be unique in the file, 64 bits of its hash; else 0.</param>
public readonly record struct RowFacts(RowFormat Format, RowFeatures Features, bool Trainable, int Turns, int ImageBytes = 0, ulong Id = 0);

/// <summary>The rule that a row breaks, and what to do.</summary>
public sealed record RowProblem(string Rule, string Remedy);

/// <summary>The formats' names: our own, as <c>hearthFormat</c> and <c>--format</c> spell them, and the contract's three.</summary>
public static class RowFormats
{
    /// <summary>Every name that <see cref="Parse"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["chat", "kto", "completion", "preference", "trajectories", "batch", "prompts"];

    /// <exception cref="HearthException">There is no such format.</exception>
    public static RowFormat Parse(string name) => Enum.TryParse<RowFormat>(name, ignoreCase: true, out var format) && format != RowFormat.Unknown
        ? format
        : throw HearthException.Invalid($"There is no row format {name}. Formats: {string.Join(", ", Names)}.");

    /// <summary>The format that a dataset's row names; Unknown where it names none.</summary>
    public static RowFormat Of(string name) => Enum.TryParse<RowFormat>(name, ignoreCase: true, out var format) ? format : RowFormat.Unknown;

    public static string NameOf(RowFormat format) => format == RowFormat.Unknown ? "" : format.ToString().ToLowerInvariant();

    /// <summary>As the contract's field <c>format</c> spells it; it has no name for pairs, labels and batches.</summary>
    public static string ContractName(RowFormat format) => format switch
    {
        RowFormat.Chat or RowFormat.Prompts => "CHAT",
        RowFormat.Completion => "COMPLETION",
        RowFormat.Trajectories => "RL",
        _ => "FORMAT_UNSPECIFIED",
    };
}
