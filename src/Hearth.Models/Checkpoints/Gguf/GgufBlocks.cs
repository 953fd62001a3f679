using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Hearth.Models;

/// <summary>Widens stored values to float32, bit for bit as the reference dequantiser of the format does.</summary>
/// <remarks>Products and sums are rounded one by one, never fused (rule E7): a quantised model equals its float32 expansion.</remarks>
public static class GgufBlocks
{
    /// <summary>Widens whole blocks.</summary>
    /// <remarks>bytes: blocks in order. destination: as many values as the blocks hold. Unaligned bytes are fine.</remarks>
    /// <exception cref="ArgumentException">The lengths do not agree.</exception>
    /// <exception cref="NotSupportedException">The type cannot be widened yet.</exception>
    public static void Dequantize(TensorType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        if (!type.IsReadable()) throw new NotSupportedException($"Tensor type {type} is not supported. Supported are {TensorTypes.Readable}.");
        var (blockValues, blockBytes) = (type.BlockValues(), type.BlockBytes());
        if (destination.Length % blockValues != 0 || (long)destination.Length / blockValues * blockBytes != bytes.Length)
            throw new ArgumentException($"{type}: {bytes.Length} bytes do not hold {destination.Length} values.", nameof(destination));
        switch (type)
        {
            case TensorType.F32: CopyFloat32(bytes, destination); break;
            case TensorType.F16: WidenFloat16(bytes, destination); break;
            case TensorType.BF16: WidenBFloat16(bytes, destination); break;
            default: WidenBlocks(type, bytes, destination); break;
        }
    }

    private static void CopyFloat32(ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        bytes.CopyTo(MemoryMarshal.AsBytes(destination));
        if (BitConverter.IsLittleEndian) return;
        var words = MemoryMarshal.Cast<float, int>(destination);
        BinaryPrimitives.ReverseEndianness(words, words);
    }

    private static void WidenFloat16(ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++) destination[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
    }

    private static void WidenBFloat16(ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
    }

    private static void WidenBlocks(TensorType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        var (blockValues, blockBytes) = (type.BlockValues(), type.BlockBytes());
        for (; destination.Length > 0; bytes = bytes[blockBytes..], destination = destination[blockValues..])
        {
            var block = bytes[..blockBytes];
            var values = destination[..blockValues];
            switch (type)
            {
                case TensorType.Q8_0: WidenQ8_0(block, values); break;
                case TensorType.Q4_0: WidenQ4_0(block, values); break;
                case TensorType.Q4_1: WidenQ4_1(block, values); break;
                case TensorType.Q5_0: Q5Blocks.Widen(block, values); break;
                case TensorType.Q4_K: GgufSuperBlocks.WidenQ4_K(block, values); break;
                default: GgufSuperBlocks.WidenQ6_K(block, values); break;
            }
        }
    }

    /// <summary>value = d * code; d: float16, 32 signed codes.</summary>
    private static void WidenQ8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 32; i++) values[i] = (sbyte)block[2 + i] * d;
    }

    /// <summary>value = d * (code - 8); byte i holds the codes of values i (low) and i + 16 (high).</summary>
    private static void WidenQ4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (int i = 0; i < 16; i++)
        {
            values[i] = ((block[2 + i] & 15) - 8) * d;
            values[i + 16] = ((block[2 + i] >> 4) - 8) * d;
        }
    }

    /// <summary>value = d * code + m; byte i holds the codes of values i (low) and i + 16 (high).</summary>
    private static void WidenQ4_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        var m = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        for (int i = 0; i < 16; i++)
        {
            // The product goes through a variable of its own: C# rounds it to float32 before the sum.
            var low = (block[4 + i] & 15) * d;
            var high = (block[4 + i] >> 4) * d;
            values[i] = low + m;
            values[i + 16] = high + m;
        }
    }
}
