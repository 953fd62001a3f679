using System.Buffers.Binary;

namespace Hearth.Models;

/// <summary>
/// GGML's Q5_0: 32 values of d * (code - 16), d a float16, codes of 5 bits. llama.cpp stores rows so that are no whole blocks of 256 in files of K-quants.
/// </summary>
/// <remarks>
/// Block of 22 bytes: d; 32 upper bits, bit i of value i; 16 bytes of lower bits, byte i of values i (low) and i + 16 (high). A Q8_0 block with the same d and
/// the codes code - 16 stands for the same float32 numbers to the bit (E7), so the engine computes with that: 34 bytes for 22.
/// </remarks>
internal static class Q5Blocks
{
    private const int Values = 32, Bytes = 22, WideBytes = 34;

    /// <summary>value = (code - 16) * d.</summary>
    public static void Widen(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < Values; i++) values[i] = Code(block, i) * d;
    }

    /// <summary>Blocks of Q5_0 as blocks of Q8_0.</summary>
    public static byte[] ToQ8_0(ReadOnlySpan<byte> blocks)
    {
        var wide = new byte[checked(blocks.Length / Bytes * WideBytes)];
        for (var target = wide.AsSpan(); target.Length > 0; target = target[WideBytes..], blocks = blocks[Bytes..])
        {
            blocks[..2].CopyTo(target);
            for (int i = 0; i < Values; i++) target[2 + i] = (byte)Code(blocks, i);
        }
        return wide;
    }

    private static sbyte Code(ReadOnlySpan<byte> block, int i)
    {
        int low = i < 16 ? block[6 + i] & 15 : block[6 + i - 16] >> 4;
        int high = (int)(BinaryPrimitives.ReadUInt32LittleEndian(block[2..]) >> i & 1);
        return (sbyte)((low | high << 4) - 16);
    }
}
