namespace Hearth.Numerics;

/// <summary>What kernels do with stored numbers: sixteen of them become sixteen float32 lanes, exactly.</summary>
/// <remarks>A value may also hold sixteen 32-bit words, whose bits only the operations here look at.</remarks>
internal unsafe interface IWideningLanes<T> : ILanes<T> where T : unmanaged, IWideningLanes<T>
{
    /// <summary>Sixteen int8.</summary>
    static abstract T LoadSBytes(byte* source);

    /// <summary>Sixteen uint8.</summary>
    static abstract T LoadBytes(byte* source);

    /// <summary>Sixteen binary16, none of them infinite or NaN.</summary>
    static abstract T LoadFiniteHalves(byte* source);

    /// <summary>Sixteen binary16.</summary>
    static abstract T LoadHalves(byte* source);

    /// <summary>words | the sixteen uint16 at <paramref name="source"/> &lt;&lt; 14.</summary>
    static abstract T AppendShorts(T words, byte* source);

    /// <summary>The bfloat16 in the lower half of each word.</summary>
    static abstract T LowerBFloat16(T words);

    /// <summary>The bfloat16 in the upper half of each word.</summary>
    static abstract T UpperBFloat16(T words);

    /// <summary>The lowest four bits of each word as a number; the words move on to the next.</summary>
    static abstract T TakeNibbles(ref T words);

    /// <summary>The lowest four bits of each word as a number, less 8; the words move on to the next.</summary>
    static abstract T TakeNibblesLess8(ref T words);

    /// <summary>The highest six bits of each word as a number in two's complement; the words move on to the next.</summary>
    static abstract T TakeSignedSixBits(ref T words);

    static abstract T Negate(T value);

    /// <summary>The product of one row with a panel, the one kernel for which the widths need code of their own.</summary>
    static abstract void OneRow<TColumns>(byte* panel, float* x, int inputs, float* y) where TColumns : unmanaged, IColumns<T>;
}
