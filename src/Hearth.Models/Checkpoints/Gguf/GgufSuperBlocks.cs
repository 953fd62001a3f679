using System.Buffers.Binary;

namespace Hearth.Models;

/// <summary>Widens blocks of 256 values, whose scales are codes themselves: first the part's scale is rounded to float32, then the product (rule E7).</summary>
internal static class GgufSuperBlocks
{
    /// <summary>value = (d * s) * code - (e * m). d, e: float16; s, m: 6 bits for each 32 values; of 64 values, byte i holds value i (low) and i + 32 (high).</summary>
    public static void WidenQ4_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        var e = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        var packed = block.Slice(4, 12);
        var codes = block[16..];
        for (int part = 0; part < 8; part++)
        {
            var (s, m) = Q4KScales(packed, part);
            var (scale, minimum) = (d * s, e * m);
            for (int i = 0; i < 32; i++)
            {
                // The product goes through a variable of its own: C# rounds it to float32 before the difference.
                var product = scale * (codes[part / 2 * 32 + i] >> 4 * (part % 2) & 15);
                values[part * 32 + i] = product - minimum;
            }
        }
    }

    /// <summary>value = (d * s) * (code - 32). d: float16; s: int8 for each 16 values; lower nibbles, then upper bit pairs, of two halves of four groups of 32 values.</summary>
    public static void WidenQ6_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var lower = block[..128];
        var upper = block.Slice(128, 64);
        var scales = block.Slice(192, 16);
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[208..]);
        for (int k = 0; k < 256; k++)
        {
            var (half, group, i) = (k / 128, k % 128 / 32, k % 32);
            var low = lower[64 * half + 32 * (group % 2) + i] >> 4 * (group / 2) & 15;
            var high = upper[32 * half + i] >> 2 * group & 3;
            var scale = d * (sbyte)scales[k / 16];
            values[k] = scale * ((low | high << 4) - 32);
        }
    }

    /// <summary>Parts 0-3: six bits of a byte. Parts 4-7: a nibble, and the two bits above part - 4's.</summary>
    private static (int Scale, int Minimum) Q4KScales(ReadOnlySpan<byte> packed, int part) => part < 4
        ? (packed[part] & 63, packed[part + 4] & 63)
        : (packed[part + 4] & 15 | packed[part - 4] >> 6 << 4, packed[part + 4] >> 4 | packed[part] >> 6 << 4);
}
