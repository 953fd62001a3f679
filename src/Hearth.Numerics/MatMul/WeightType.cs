namespace Hearth.Numerics;

/// <summary>How the values of a <see cref="PackedWeight"/> are stored. Kernels widen every one of them to float32 (E7).</summary>
public enum WeightType
{
    /// <summary>float32.</summary>
    F32,
    /// <summary>bfloat16: the upper half of a float32.</summary>
    BF16,
    /// <summary>IEEE binary16.</summary>
    F16,
    /// <summary>GGUF Q8_0: 32 values, float16 scale d, int8 codes q; value = d * q.</summary>
    Q8_0,
    /// <summary>GGUF Q4_0: 32 values, float16 scale d, 4-bit codes q; value = d * (q - 8).</summary>
    Q4_0,
    /// <summary>GGUF Q4_1: 32 values, float16 scale d and minimum m, 4-bit codes q; value = d * q + m, not fused.</summary>
    Q4_1,
    /// <summary>GGUF Q4_K: 256 values, float16 scale d and minimum e; each 32 have 6-bit codes s, m, and 4-bit codes q; value = (d * s) * q - (e * m), not fused.</summary>
    Q4_K,
    /// <summary>GGUF Q6_K: 256 values, float16 scale d; each 16 have an int8 code s, and 6-bit codes q; value = (d * s) * (q - 32).</summary>
    Q6_K,
}

/// <summary>Sizes of stored rows.</summary>
public static class WeightTypes
{
    /// <summary>Values of a block along K; 1 for the plain types.</summary>
    public static int BlockLength(this WeightType type) => type switch
    {
        WeightType.Q8_0 or WeightType.Q4_0 or WeightType.Q4_1 => 32,
        WeightType.Q4_K or WeightType.Q6_K => 256,
        _ => 1,
    };

    /// <summary>Bytes of a block in a file.</summary>
    public static int BlockBytes(this WeightType type) => type switch
    {
        WeightType.F32 => 4,
        WeightType.BF16 or WeightType.F16 => 2,
        WeightType.Q8_0 => 2 + 32,
        WeightType.Q4_0 => 2 + 16,
        WeightType.Q4_1 => 2 + 2 + 16,
        WeightType.Q4_K => 2 + 2 + 12 + 128,
        WeightType.Q6_K => 128 + 64 + 16 + 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown weight type."),
    };

    /// <summary>Bytes of one row of <paramref name="inputs"/> values in a file.</summary>
    /// <exception cref="ArgumentException">The row is not a whole number of blocks.</exception>
    public static long RowBytes(this WeightType type, int inputs)
    {
        int block = type.BlockLength();
        if (inputs % block != 0)
            throw new ArgumentException($"{type} rows hold blocks of {block} values, but the row has {inputs}. Store this tensor in a type without blocks.", nameof(inputs));
        return (long)(inputs / block) * type.BlockBytes();
    }
}
