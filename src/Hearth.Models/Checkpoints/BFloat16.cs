namespace Hearth.Models;

/// <summary>Conversion between float32 and bfloat16, the upper half of its bits.</summary>
public static class BFloat16
{
    /// <summary>Rounds to the nearest bfloat16, ties to even; NaN stays NaN, overflow becomes infinity.</summary>
    public static ushort Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40); // keep it a quiet NaN when the low half is cut
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The float32 of the same value; exact.</summary>
    public static float Widen(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
