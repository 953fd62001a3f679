namespace Hearth.Models;

/// <summary>How the rotary frequencies are derived from the base.</summary>
public enum RopeType
{
    /// <summary>theta^(-2i/E).</summary>
    Default,

    /// <summary>All frequencies divided by the factor.</summary>
    Linear,

    /// <summary>Long wavelengths divided by the factor, short ones kept, a ramp between (Llama 3.1).</summary>
    Llama3,

    /// <summary>Interpolation by number of rotations, with an attention factor. arXiv:2309.00071.</summary>
    Yarn,
}

/// <summary>Rotary position embedding: type, base and the scaling's parameters.</summary>
public sealed record RopeParameters
{
    /// <summary>How the frequencies are derived.</summary>
    public RopeType Type { get; init; } = RopeType.Default;

    /// <summary>Base of the geometric series of frequencies.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>By how much the context is stretched (linear, llama3, yarn).</summary>
    public double Factor { get; init; } = 1;

    /// <summary>Positions that the model was first trained on (llama3, yarn).</summary>
    public int OriginalMaxPositions { get; init; }

    /// <summary>llama3: wavelengths over original / this are divided by the factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>llama3: wavelengths under original / this are kept.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>yarn: rotations over the original context above which a frequency is kept.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>yarn: rotations below which a frequency is divided by the factor.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>yarn: by what cos and sin are multiplied; null derives it from the factor and the two scales below.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn: slope of the numerator of the derived attention factor.</summary>
    public double? Mscale { get; init; }

    /// <summary>yarn: slope of its denominator.</summary>
    public double? MscaleAllDimensions { get; init; }

    /// <summary>yarn: whether the ends of the ramp are rounded to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>[E/2] numbers that the frequencies are divided by (<c>rope_freqs.weight</c> of GGUF files); null: none.</summary>
    public IReadOnlyList<float>? Divisors { get; init; }
}
