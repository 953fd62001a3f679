namespace Hearth.Inference;

/// <summary>
/// Mirostat 2.0 (Basu et al. 2020, arXiv:2007.14966, algorithm 2): a bound on the surprise of the next token follows the surprise of the last ones, so that their
/// mean comes to a target. Surprise is -log2 p, in bits, before the bound cuts.
/// </summary>
internal static class Mirostat
{
    /// <summary>ln 2.</summary>
    public const double NatsPerBit = 0.693147180559945309417;

    /// <summary>The bound of a completion's first token.</summary>
    public static double FirstBound(SamplingOptions options) => 2 * options.MirostatTarget ?? 0;

    /// <summary>The bound after a token.</summary>
    /// <param name="bound">The bound before it.</param>
    /// <param name="seen">The token's surprise.</param>
    /// <param name="options">Target and rate.</param>
    public static double NextBound(double bound, double seen, SamplingOptions options) =>
        options.MirostatTarget is { } target ? bound - options.MirostatRate * (seen - target) : 0;
}
