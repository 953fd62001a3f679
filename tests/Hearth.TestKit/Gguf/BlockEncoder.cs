using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hearth.Models;

namespace Hearth.TestKit;

/// <summary>
/// Values to storage types, simply: valid blocks near the values, without the search for better scales that published quantisers do. For tests of what happens to
/// blocks once they are there.
/// </summary>
public static class BlockEncoder
{
    /// <summary>Values of one block; 1 for plain types.</summary>
    public static int BlockSize(TensorType type) => type switch
    {
        TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1 => 32,
        TensorType.Q4_K or TensorType.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Rows of a multiple of <see cref="BlockSize"/> values.</summary>
    public static byte[] Encode(TensorType type, ReadOnlySpan<float> values)
    {
        if (type == TensorType.F32) return MemoryMarshal.AsBytes(values).ToArray();
        var size = BlockSize(type);
        var bytes = new List<byte>(values.Length * 2);
        for (var i = 0; i < values.Length; i += size) bytes.AddRange(Block(type, values.Slice(i, size)));
        return [.. bytes];
    }

    private static byte[] Block(TensorType type, ReadOnlySpan<float> x) => type switch
    {
        TensorType.F16 => Half(x[0]),
        TensorType.BF16 => BitConverter.GetBytes((ushort)((BitConverter.SingleToUInt32Bits(x[0]) + 0x7FFF + ((BitConverter.SingleToUInt32Bits(x[0]) >> 16) & 1)) >> 16)),
        TensorType.Q8_0 => Q8(x),
        TensorType.Q4_0 => Q4(x, Largest(x) / 8, -8, withMinimum: false),
        TensorType.Q4_1 => Q4(x, (Max(x) - Min(x)) / 15, 0, withMinimum: true),
        TensorType.Q4_K => Q4K(x),
        TensorType.Q6_K => Q6K(x),
        _ => throw new ArgumentException($"{type} is not encoded here.", nameof(type)),
    };

    private static byte[] Q8(ReadOnlySpan<float> x)
    {
        var scale = Largest(x) / 127;
        return [.. Half(scale), .. x.ToArray().Select(value => (byte)(sbyte)Code(value, scale, -127, 127))];
    }

    private static byte[] Q4(ReadOnlySpan<float> x, float scale, int lowest, bool withMinimum)
    {
        var minimum = withMinimum ? Min(x) : 0;
        var codes = x.ToArray().Select(value => Code(value - minimum, scale, lowest, lowest + 15) - lowest).ToArray();
        var nibbles = Enumerable.Range(0, 16).Select(i => (byte)(codes[i] | (codes[i + 16] << 4)));
        return withMinimum ? [.. Half(scale), .. Half(minimum), .. nibbles] : [.. Half(scale), .. nibbles];
    }

    private static byte[] Q4K(ReadOnlySpan<float> x)
    {
        var (scales, minima) = (new float[8], new float[8]);
        for (var j = 0; j < 8; j++)
        {
            var part = x.Slice(32 * j, 32);
            minima[j] = Math.Max(0, -Min(part));
            scales[j] = (Max(part) + minima[j]) / 15;
        }
        float scale = scales.Max() / 63, minimum = minima.Max() / 63;
        var packed = new byte[144];
        Half(scale).CopyTo(packed, 0);
        Half(minimum).CopyTo(packed, 2);
        for (var j = 0; j < 8; j++)
        {
            int s = Code(scales[j], scale, 0, 63), m = Code(minima[j], minimum, 0, 63);
            if (j < 4)
            {
                packed[4 + j] |= (byte)s;
                packed[8 + j] |= (byte)m;
            }
            else
            {
                packed[8 + j] |= (byte)((s & 15) | ((m & 15) << 4));
                packed[j] |= (byte)(s >> 4 << 6);
                packed[4 + j] |= (byte)(m >> 4 << 6);
            }
            for (var k = 0; k < 32; k++)
                packed[16 + (j / 2 * 32) + k] |= (byte)(Code(x[(32 * j) + k] + (minimum * m), scale * s, 0, 15) << (j % 2 * 4));
        }
        return packed;
    }

    private static byte[] Q6K(ReadOnlySpan<float> x)
    {
        var scales = new float[16];
        for (var j = 0; j < 16; j++) scales[j] = Largest(x.Slice(16 * j, 16)) / 31;
        var scale = scales.Max() / 127;
        var packed = new byte[210];
        Half(scale).CopyTo(packed, 208);
        for (var k = 0; k < 256; k++)
        {
            var s = Code(scales[k / 16], scale, 0, 127);
            packed[192 + (k / 16)] = (byte)s;
            var code = Code(x[k], scale * s, -32, 31) + 32;
            int half = k / 128, group = k % 128 / 32, i = k % 32;
            packed[(64 * half) + (32 * (group % 2)) + i] |= (byte)((code & 15) << (group / 2 * 4));
            packed[128 + (32 * half) + i] |= (byte)(code >> 4 << (2 * group));
        }
        return packed;
    }

    private static int Code(float value, float scale, int lowest, int highest) => scale == 0 ? 0 : Math.Clamp((int)MathF.Round(value / scale), lowest, highest);

    private static byte[] Half(float value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)value);
        return bytes;
    }

    private static float Largest(ReadOnlySpan<float> x) => Math.Max(Max(x), -Min(x));

    private static float Max(ReadOnlySpan<float> x)
    {
        var max = x[0];
        foreach (var value in x) max = Math.Max(max, value);
        return max;
    }

    private static float Min(ReadOnlySpan<float> x)
    {
        var min = x[0];
        foreach (var value in x) min = Math.Min(min, value);
        return min;
    }
}
