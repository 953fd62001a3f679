namespace Hearth.Numerics;

/// <summary>One sequence's part of a step: rows QueryStart.. of q are its positions FirstPosition.., and position p is in block <c>blockTable[TableStart + p / 64]</c>.</summary>
public readonly record struct AttentionSegment(int QueryStart, int QueryCount, int FirstPosition, int TableStart);

/// <summary>Head counts, head width E, the factor of the scores, and the sliding window (query i sees keys j with i - w &lt; j &lt;= i; 0 = all).</summary>
public readonly record struct AttentionShape(int Heads, int KvHeads, int HeadWidth, float Scale, int Window = 0)
{
    /// <summary>Query heads that share a key-value head: query head h reads key-value head h / Group.</summary>
    public int Group => Heads / KvHeads;
}

/// <summary>
/// One layer's paged keys and values. A block holds 64 positions of every key-value head: keys transposed, [E][64], so that a lane is a key;
/// values [64][E], so that a lane is a channel (docs/exactness.md, E5).
/// </summary>
public readonly struct KvLayer
{
    /// <summary>Views of <c>blocks * kvHeads * headWidth * 64</c> floats each.</summary>
    /// <exception cref="ArgumentException">The lengths differ or are not whole blocks.</exception>
    public KvLayer(FloatBuffer keys, FloatBuffer values, int kvHeads, int headWidth)
    {
        int block = checked(kvHeads * headWidth * Kernels.KvBlock);
        if (block <= 0 || keys.Length != values.Length || keys.Length % block != 0)
            throw new ArgumentException($"KvLayer: keys and values have {keys.Length} and {values.Length} floats, expected the same multiple of {block}.");
        Keys = keys;
        Values = values;
        KvHeads = kvHeads;
        HeadWidth = headWidth;
    }

    internal FloatBuffer Keys { get; }
    internal FloatBuffer Values { get; }
    internal int KvHeads { get; }
    internal int HeadWidth { get; }
    internal int Blocks => Keys.Length / (KvHeads * HeadWidth * Kernels.KvBlock);
}
