namespace Hearth.Contracts;

/// <summary>Log-probabilities in OpenAI's form.</summary>
public sealed record ContentLogprobs
{
    public IReadOnlyList<ContentLogprob> Content { get; init; } = [];
}

/// <summary>A token, its own log-probability (natural log, temperature 1) and the one it was sampled with.</summary>
public sealed record ContentLogprob
{
    public string Token { get; init; } = "";
    public IReadOnlyList<int> Bytes { get; init; } = [];
    public double Logprob { get; init; }
    public double SamplingLogprob { get; init; }
    /// <summary>Characters of the answer before this token.</summary>
    public int TextOffset { get; init; }
    public int TokenId { get; init; }
    public IReadOnlyList<ContentTopLogprob> TopLogprobs { get; init; } = [];
}

/// <summary>One of the most likely tokens at a position.</summary>
public sealed record ContentTopLogprob
{
    public string Token { get; init; } = "";
    public double Logprob { get; init; }
    public int TokenId { get; init; }
    public IReadOnlyList<int> Bytes { get; init; } = [];
    /// <summary>Log-probability that it was sampled with; left out where it could not be drawn. Our own field.</summary>
    public double? HearthSamplingLogprob { get; init; }
}

/// <summary>Log-probabilities as parallel arrays, the older form.</summary>
public sealed record LegacyLogprobs
{
    public IReadOnlyList<string> Tokens { get; init; } = [];
    public IReadOnlyList<double> TokenLogprobs { get; init; } = [];
    public IReadOnlyList<IReadOnlyDictionary<string, double>> TopLogprobs { get; init; } = [];
    public IReadOnlyList<int> TextOffset { get; init; } = [];
    public IReadOnlyList<int> TokenIds { get; init; } = [];
}
