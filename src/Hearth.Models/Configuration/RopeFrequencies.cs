namespace Hearth.Models;

/// <summary>Inverse frequencies of the rotary embedding: angle of pair i at position p is p * InverseFrequencies[i].</summary>
/// <remarks>Everything is computed in double; the table of cosines and sines is what gets rounded, once (rule E4).</remarks>
/// <param name="InverseFrequencies">[E/2].</param>
/// <param name="AttentionFactor">cos and sin are both multiplied by it.</param>
public sealed record RopeFrequencies(double[] InverseFrequencies, double AttentionFactor)
{
    /// <summary>Frequencies for a model.</summary>
    public static RopeFrequencies Compute(ModelConfiguration configuration) => Compute(configuration.Rope, configuration.HeadWidth);

    /// <summary>Frequencies for a head of <paramref name="headWidth"/> dimensions.</summary>
    public static RopeFrequencies Compute(RopeParameters rope, int headWidth)
    {
        var frequencies = new double[headWidth / 2];
        for (int i = 0; i < frequencies.Length; i++) frequencies[i] = 1 / Math.Pow(rope.Theta, 2.0 * i / headWidth);
        var attentionFactor = 1.0;
        switch (rope.Type)
        {
            case RopeType.Linear:
                for (int i = 0; i < frequencies.Length; i++) frequencies[i] /= rope.Factor;
                break;
            case RopeType.Llama3:
                for (int i = 0; i < frequencies.Length; i++) frequencies[i] = Llama3(frequencies[i], rope);
                break;
            case RopeType.Yarn:
                Yarn(frequencies, rope, headWidth);
                attentionFactor = YarnAttentionFactor(rope);
                break;
        }
        if (rope.Divisors is { } divisors)
            for (int i = 0; i < frequencies.Length; i++) frequencies[i] /= divisors[i];
        return new RopeFrequencies(frequencies, attentionFactor);
    }

    /// <summary>transformers, modeling_rope_utils.py, _compute_llama3_parameters.</summary>
    private static double Llama3(double frequency, RopeParameters rope)
    {
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < rope.OriginalMaxPositions / rope.HighFrequencyFactor) return frequency;
        if (wavelength > rope.OriginalMaxPositions / rope.LowFrequencyFactor) return frequency / rope.Factor;
        var smooth = (rope.OriginalMaxPositions / wavelength - rope.LowFrequencyFactor) / (rope.HighFrequencyFactor - rope.LowFrequencyFactor);
        return (1 - smooth) * frequency / rope.Factor + smooth * frequency;
    }

    /// <summary>arXiv:2309.00071, section 3.2, with the dimension bounds of transformers' _compute_yarn_parameters.</summary>
    private static void Yarn(double[] frequencies, RopeParameters rope, int headWidth)
    {
        var low = Dimension(rope.BetaFast);
        var high = Dimension(rope.BetaSlow);
        if (rope.Truncate) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, headWidth - 1));
        if (low == high) high += 0.001; // a ramp of no length would divide by zero
        for (int i = 0; i < frequencies.Length; i++)
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = frequencies[i] / rope.Factor * interpolated + frequencies[i] * (1 - interpolated);
        }

        double Dimension(double rotations) =>
            headWidth * Math.Log(rope.OriginalMaxPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }

    private static double YarnAttentionFactor(RopeParameters rope)
    {
        if (rope.AttentionFactor is { } given) return given;
        return rope is { Mscale: { } mscale and not 0, MscaleAllDimensions: { } all and not 0 }
            ? Scale(mscale) / Scale(all)
            : Scale(1);

        double Scale(double slope) => rope.Factor <= 1 ? 1 : 0.1 * slope * Math.Log(rope.Factor) + 1;
    }
}
