namespace Hearth.Inference;

/// <summary>A token and its raw log-probability (natural logarithm, temperature 1; E6).</summary>
public readonly record struct ScoredToken(int TokenId, float Logprob)
{
    /// <summary>Log-probability in the distribution that was drawn from; minus infinity where it could not be drawn. For a prompt's token the raw one.</summary>
    public float SamplingLogprob { get; init; }
}

/// <summary>What one row of logits gave.</summary>
/// <param name="TokenId">The chosen token; for a prompt row the token that stands there.</param>
/// <param name="Logprob">Raw log-probability.</param>
/// <param name="SamplingLogprob">Log-probability in the distribution that was drawn from, after penalties, temperature and cuts; 0 when greedy.</param>
/// <param name="Top">The best alternatives by raw logprob, best first.</param>
public readonly record struct SampledToken(int TokenId, float Logprob, float SamplingLogprob, IReadOnlyList<ScoredToken> Top)
{
    /// <summary>The row held a value that is not a number: nothing can be chosen.</summary>
    public static SampledToken Fault { get; } = new(-1, float.NaN, float.NaN, []);

    /// <summary>Surprise in bits, for mirostat: in the distribution after all else that cuts. 0 when greedy or a prompt's row.</summary>
    public double Surprise { get; init; }

    /// <summary>True for <see cref="Fault"/>.</summary>
    public bool IsFault => TokenId < 0;
}
