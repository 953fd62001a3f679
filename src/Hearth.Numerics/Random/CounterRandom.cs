namespace Hearth.Numerics;

/// <summary>What a random number is for: numbers of different purposes never coincide.</summary>
public enum RandomPurpose
{
    /// <summary>Fresh model weights.</summary>
    WeightInitialization = 1,
    /// <summary>The A matrices of an adapter.</summary>
    LoraInitialization = 2,
    /// <summary>Order of the rows of an epoch.</summary>
    DataOrder = 3,
    /// <summary>Sampling of a completion's tokens.</summary>
    Sampling = 4,
    /// <summary>Generated text.</summary>
    Curriculum = 5,
    /// <summary>Which rows are carved out for evaluation.</summary>
    EvaluationSplit = 6,
}

/// <summary>
/// Randomness as a function (docs/exactness.md, E12): (seed, purpose, stream, position) give the bits, so preemption, batch order and resume
/// cannot shift them. SplitMix64's finaliser (Steele, Lea, Flood 2014) over a keyed counter.
/// </summary>
public static class CounterRandom
{
    /// <summary>64 random bits.</summary>
    public static ulong Bits(ulong seed, RandomPurpose purpose, ulong stream, ulong position)
    {
        ulong key = Mix(seed + 0x9E3779B97F4A7C15UL * (ulong)purpose);
        key = Mix(key ^ (stream * 0xD1B54A32D192ED03UL + 0x8CB92BA72F3D8DD7UL));
        return Mix(key + position * 0x9E3779B97F4A7C15UL + 0x632BE59BD9B4E019UL);
    }

    /// <summary>Uniform in [0, 1), a multiple of 2^-53.</summary>
    public static double Uniform(ulong seed, RandomPurpose purpose, ulong stream, ulong position) =>
        (Bits(seed, purpose, stream, position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0..<paramref name="bound"/>-1.</summary>
    public static int Below(int bound, ulong seed, RandomPurpose purpose, ulong stream, ulong position)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)Math.BigMul(Bits(seed, purpose, stream, position), (ulong)bound, out _);
    }

    /// <summary>
    /// Standard normal to four digits of its tail at 6 sigma: the sum of twelve uniforms less six. Only exact operations, so that the bits do not
    /// depend on a library's logarithm.
    /// </summary>
    public static float Normal(ulong seed, RandomPurpose purpose, ulong stream, ulong position)
    {
        double sum = -6;
        for (ulong i = 0; i < 3; i++)
        {
            // Four 16-bit uniforms from each draw.
            ulong bits = Bits(seed, purpose, stream, position * 3 + i);
            for (int part = 0; part < 4; part++) sum += ((bits >> (16 * part) & 0xFFFF) + 0.5) * (1.0 / 65536);
        }
        return (float)sum;
    }

    /// <summary>A permutation of 0..<paramref name="count"/>-1 (Fisher and Yates).</summary>
    public static int[] Permutation(int count, ulong seed, RandomPurpose purpose, ulong stream)
    {
        var order = new int[count];
        for (int i = 0; i < count; i++) order[i] = i;
        for (int i = count - 1; i > 0; i--)
        {
            int j = Below(i + 1, seed, purpose, stream, (ulong)i);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
