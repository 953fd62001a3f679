using System.Buffers.Binary;

namespace Hearth.Numerics;

/// <summary>Blocks of 256 whose scales are codes themselves. The codes stay codes, so that a weight takes the file's room (Q4_K: 3 % more).</summary>
public sealed unsafe partial class PackedWeight
{
    /// <summary>In the file: scale, minimum, 12 bytes of 6-bit codes, then for each 64 values 32 bytes: value i (lower nibble) and i + 32.</summary>
    private static void PackQ4K(byte* block, byte* packed, int column)
    {
        ((ushort*)packed)[column] = BinaryPrimitives.ReadUInt16LittleEndian(new(block, 2));
        ((ushort*)packed)[32 + column] = BinaryPrimitives.ReadUInt16LittleEndian(new(block + 2, 2));
        byte* codes = block + 4;
        byte* values = block + 16;
        for (int j = 0; j < 8; j++)
        {
            byte* part = packed + Widening.Q4KHeadBytes + j * Widening.Q4KPartBytes;
            // The first four codes lie in six bits of a byte; the last four have their upper two bits on top of those.
            part[column] = (byte)(j < 4 ? codes[j] & 63 : codes[j + 4] & 15 | codes[j - 4] >> 6 << 4);
            part[32 + column] = (byte)(j < 4 ? codes[j + 4] & 63 : codes[j + 4] >> 4 | codes[j] >> 6 << 4);
            uint* words = (uint*)(part + 64) + column;
            for (int k = 0; k < 32; k++)
                words[k / 8 * 32] |= (uint)(values[j / 2 * 32 + k] >> j % 2 * 4 & 15) << 4 * (k % 8);
        }
    }

    /// <summary>In the file: 128 bytes of lower nibbles, 64 of upper bit pairs, 16 signed scale codes, the scale. Each half holds 128 values, in four groups of 32.</summary>
    private static void PackQ6K(byte* block, byte* packed, int column)
    {
        ((ushort*)packed)[column] = BinaryPrimitives.ReadUInt16LittleEndian(new(block + 208, 2));
        for (int j = 0; j < 16; j++)
        {
            byte* part = packed + Widening.Q6KHeadBytes + j * Widening.Q6KPartBytes;
            part[column] = block[192 + j];
            for (int k = 16 * j; k < 16 * j + 16; k++)
            {
                int half = k / 128, group = k % 128 / 32, i = k % 32;
                int low = block[64 * half + 32 * (group % 2) + i] >> group / 2 * 4 & 15;
                int high = block[128 + 32 * half + i] >> 2 * group & 3;
                PutSixBits(part + 32 + k % 16 / 8 * Widening.Q6KOctetBytes, k % 8, column, (uint)(low | high << 4) ^ 32); // q - 32 in two's complement
            }
        }
    }

    private static void PutSixBits(byte* octet, int i, int column, uint code)
    {
        ref uint word = ref ((uint*)octet)[column];
        ref ushort rest = ref ((ushort*)(octet + 128))[column];
        if (i < 5) word |= code << 26 - 6 * i;
        else if (i > 5) rest |= (ushort)(code << 6 * (7 - i));
        else (word, rest) = (word | code >> 4, (ushort)(rest | code << 12));
    }
}
