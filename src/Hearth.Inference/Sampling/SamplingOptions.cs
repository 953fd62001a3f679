namespace Hearth.Inference;

/// <summary>How tokens are chosen, in the order of docs/exactness.md: penalties, bias, temperature, top-k, top-p, min-p, typical-p, mirostat.</summary>
public sealed record SamplingOptions
{
    /// <summary>Below this a temperature means greedy: dividing by it would only overflow.</summary>
    public const double GreedyTemperature = 1e-5;

    /// <summary>Always the most probable token.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Divides the logits; 0 is greedy.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k most probable tokens; 0 keeps all. Ties go to the lower id.</summary>
    public int TopK { get; init; }

    /// <summary>Keeps the smallest set of most probable tokens that has this share of the probability (arXiv:1904.09751).</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Drops tokens below this share of the most probable token's probability (arXiv:2407.01082).</summary>
    public double MinP { get; init; }

    /// <summary>Keeps the smallest set of tokens with surprises nearest to the entropy that has this share of the probability (arXiv:2202.00666).</summary>
    public double TypicalP { get; init; } = 1;

    /// <summary>Mean surprise of a completion's tokens, in bits, that mirostat 2 steers to (arXiv:2007.14966); null is off. No effect when greedy.</summary>
    public double? MirostatTarget { get; init; }

    /// <summary>How much of a token's distance from <see cref="MirostatTarget"/> moves the bound of the next one.</summary>
    public double MirostatRate { get; init; } = 0.1;

    /// <summary>Divides positive and multiplies negative logits of tokens in prompt or completion (arXiv:1909.05858); 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted for each time that the completion has the token.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Subtracted once where the completion has the token.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Added to the logits of these ids.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>Same seed, same completion, in any batch. Null: the engine draws one.</summary>
    public ulong? Seed { get; init; }

    /// <summary>True where no randomness is used.</summary>
    public bool IsGreedy => Temperature < GreedyTemperature;

    internal bool HasPenalties => RepetitionPenalty != 1 || FrequencyPenalty != 0 || PresencePenalty != 0;

    internal bool HasCuts => TopK > 0 || TopP < 1 || MinP > 0 || TypicalP < 1 || MirostatTarget is not null;

    /// <summary>Everything that is wrong with the values.</summary>
    internal IEnumerable<string> Faults(int vocabularySize)
    {
        if (!(Temperature is >= 0 and <= 100)) yield return $"temperature is {Temperature}, expected 0 to 100";
        if (TopK < 0) yield return $"top-k is {TopK}, expected 0 (off) or more";
        if (!(TopP is > 0 and <= 1)) yield return $"top-p is {TopP}, expected more than 0 and at most 1";
        if (!(MinP is >= 0 and <= 1)) yield return $"min-p is {MinP}, expected 0 to 1";
        if (!(TypicalP is > 0 and <= 1)) yield return $"typical-p is {TypicalP}, expected more than 0 and at most 1";
        if (MirostatTarget is not (null or (>= 0 and <= 100))) yield return $"mirostat target is {MirostatTarget}, expected 0 to 100 bits";
        if (!(MirostatRate is >= 0 and <= 1)) yield return $"mirostat rate is {MirostatRate}, expected 0 to 1";
        if (!(RepetitionPenalty is > 0 and <= 100)) yield return $"repetition penalty is {RepetitionPenalty}, expected more than 0";
        if (!(Math.Abs(FrequencyPenalty) <= 100)) yield return $"frequency penalty is {FrequencyPenalty}, expected -100 to 100";
        if (!(Math.Abs(PresencePenalty) <= 100)) yield return $"presence penalty is {PresencePenalty}, expected -100 to 100";
        foreach (var (id, bias) in LogitBias ?? new Dictionary<int, float>())
        {
            if ((uint)id >= (uint)vocabularySize) yield return $"logit bias names token {id}, expected 0 to {vocabularySize - 1}";
            if (!(Math.Abs(bias) <= 1000)) yield return $"logit bias of token {id} is {bias}, expected -1000 to 1000";
        }
    }
}
