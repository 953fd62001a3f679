using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>Packed values to float32, one at a time: what the vector code must equal (E7), and the portable path.</summary>
internal static unsafe class Widening
{
    public const int Q8BlockBytes = 64 + 32 * 32;
    public const int Q40BlockBytes = 64 + 32 * 16;
    public const int Q41BlockBytes = 128 + 32 * 16;

    /// <summary>Scales and minima of 256 k, then eight parts of 32 k: scale codes, minimum codes, codes.</summary>
    public const int Q4KHeadBytes = 64 + 64, Q4KPartBytes = 32 + 32 + 32 * 16, Q4KBlockBytes = Q4KHeadBytes + 8 * Q4KPartBytes;

    /// <summary>Scales of 256 k, then sixteen parts of 16 k: scale codes, codes.</summary>
    public const int Q6KHeadBytes = 64, Q6KOctetBytes = 32 * 4 + 32 * 2, Q6KPartBytes = 32 + 2 * Q6KOctetBytes, Q6KBlockBytes = Q6KHeadBytes + 16 * Q6KPartBytes;

    /// <summary>What brings a binary16's exponent, moved to the place of a float32's, to its value.</summary>
    public const float TwoTo112 = 5.192296858534828e33f;

    /// <summary>Where output <paramref name="column"/> lies among the 32 halves of a BF16 panel's row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BFloat16Slot(int column) => column < 16 ? 2 * column : 2 * (column - 16) + 1;

    /// <summary>bfloat16 to float32, exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromBFloat16(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>float32 to bfloat16: nearest, ties to even; a NaN stays one.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)(bits >> 16 | 0x40);
        return (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    /// <summary>binary16 to float32, exact for all 65,536 values: .NET has no F16C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromFloat16(ushort bits)
    {
        uint sign = (uint)(bits & 0x8000) << 16;
        uint magnitude = (uint)(bits & 0x7FFF) << 13;
        // Exponent and fraction moved down are the value times 2^-112, subnormals included; infinities and NaNs get the top exponent.
        uint wide = (bits & 0x7C00) == 0x7C00
            ? magnitude | 0x7F800000
            : BitConverter.SingleToUInt32Bits(BitConverter.UInt32BitsToSingle(magnitude) * TwoTo112);
        return BitConverter.UInt32BitsToSingle(wide | sign);
    }

    /// <summary>The value at (k, column) of a panel.</summary>
    public static float Read(WeightType type, byte* panel, int k, int column)
    {
        switch (type)
        {
            case WeightType.F32: return ((float*)panel)[k * 32 + column];
            case WeightType.BF16: return FromBFloat16(((ushort*)panel)[k * 32 + BFloat16Slot(column)]);
            case WeightType.F16: return FromFloat16(((ushort*)panel)[k * 32 + column]);
            case WeightType.Q8_0:
                {
                    byte* block = panel + (long)(k / 32) * Q8BlockBytes;
                    return FromFloat16(((ushort*)block)[column]) * (sbyte)block[64 + k % 32 * 32 + column];
                }
            case WeightType.Q4_0:
                {
                    byte* block = panel + (long)(k / 32) * Q40BlockBytes;
                    return FromFloat16(((ushort*)block)[column]) * (Nibble(block + 64, k % 32, column) - 8);
                }
            case WeightType.Q4_1:
                {
                    byte* block = panel + (long)(k / 32) * Q41BlockBytes;
                    float product = FromFloat16(((ushort*)block)[column]) * Nibble(block + 128, k % 32, column);
                    return product + FromFloat16(((ushort*)block)[32 + column]);
                }
            case WeightType.Q4_K:
                {
                    byte* block = panel + (long)(k / 256) * Q4KBlockBytes;
                    byte* part = block + Q4KHeadBytes + k % 256 / 32 * Q4KPartBytes;
                    float scale = FromFloat16(((ushort*)block)[column]) * part[column];
                    float minimum = FromFloat16(((ushort*)block)[32 + column]) * part[32 + column];
                    float product = scale * Nibble(part + 64, k % 32, column);
                    return product - minimum;
                }
            case WeightType.Q6_K:
                {
                    byte* block = panel + (long)(k / 256) * Q6KBlockBytes;
                    byte* part = block + Q6KHeadBytes + k % 256 / 16 * Q6KPartBytes;
                    float scale = FromFloat16(((ushort*)block)[column]) * (sbyte)part[column];
                    return scale * SignedSixBits(part + 32 + k % 16 / 8 * Q6KOctetBytes, k % 8, column);
                }
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown weight type.");
        }
    }

    private static int Nibble(byte* codes, int k, int column) => (int)(((uint*)codes)[k / 8 * 32 + column] >> 4 * (k % 8) & 15);

    /// <summary>Code <paramref name="i"/> of eight in two's complement: five in a word from its highest bits on, three in its last two bits and a half word behind the words.</summary>
    private static int SignedSixBits(byte* octet, int i, int column)
    {
        uint word = ((uint*)octet)[column], rest = ((ushort*)(octet + 128))[column];
        return (int)(i < 5 ? word << 6 * i : (word << 30 | rest << 14) << 6 * (i - 5)) >> 26;
    }
}
