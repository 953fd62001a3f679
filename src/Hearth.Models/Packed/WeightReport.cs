namespace Hearth.Models;

/// <summary>How a model's frozen weights came into memory.</summary>
public sealed record WeightReport
{
    /// <summary>The packed file that is mapped; null where the weights were packed into memory of this process.</summary>
    public string? PackedFile { get; init; }

    /// <summary>Whether the packed file was made by this load.</summary>
    public bool WasMade { get; init; }

    /// <summary>Bytes of all weights as they are computed with.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes of the same tensors in the published files.</summary>
    public long SourceBytes { get; init; }

    /// <summary>Whether the system read all pages of the mapped file in one call before the first step; false: page by page, or nothing is mapped.</summary>
    public bool PopulatedAtOnce { get; init; }

    /// <summary>Why the weights are not shared; null where they are, or were never meant to be.</summary>
    public string? Warning { get; init; }

    /// <summary>One line for a log.</summary>
    public override string ToString() => FormattableString.Invariant($"weights: {Bytes / 1e6:F1} MB (published {SourceBytes / 1e6:F1} MB), ") + (PackedFile is null
        ? "in memory of this process" + (Warning is null ? "" : $"; {Warning}")
        : $"{(WasMade ? "packed into and " : "")}mapped from {Path.GetFileName(PackedFile)}, {(PopulatedAtOnce ? "read ahead in one call" : "read ahead page by page")}");
}
