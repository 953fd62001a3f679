namespace Hearth.Models;

/// <summary>A mixture of experts: a router chooses a few of many small feed-forward networks for each token.</summary>
public sealed record ExpertParameters
{
    /// <summary>X: experts of a layer.</summary>
    public required int Count { get; init; }

    /// <summary>Experts that a token is sent to.</summary>
    public required int PerToken { get; init; }

    /// <summary>F of one expert.</summary>
    public required int Width { get; init; }

    /// <summary>Whether the weights of the chosen experts are divided by their sum.</summary>
    public required bool Normalize { get; init; }
}
