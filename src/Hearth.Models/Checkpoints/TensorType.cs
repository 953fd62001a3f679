namespace Hearth.Models;

/// <summary>How the values of a stored tensor are encoded.</summary>
public enum TensorType
{
    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>The upper half of binary32.</summary>
    BF16,

    /// <summary>GGML block: 32 int8 codes and a scale.</summary>
    Q8_0,

    /// <summary>GGML block: 32 codes of 4 bits and a scale.</summary>
    Q4_0,

    /// <summary>GGML block: 32 codes of 4 bits, a scale and a minimum.</summary>
    Q4_1,

    /// <summary>GGML block: 256 codes of 4 bits, a scale and a minimum, and 6-bit factors of both for each 32.</summary>
    Q4_K,

    /// <summary>GGML block: 256 codes of 6 bits, a scale, and an int8 factor of it for each 16.</summary>
    Q6_K,

    /// <summary>GGML block: 32 codes of 5 bits and a scale. Computed with as Q8_0, which holds the same numbers (<see cref="Q5Blocks"/>).</summary>
    Q5_0,

    // Types that are recognised, so that sizes can be checked, but not widened to float32.
#pragma warning disable CS1591
    F64, I64, I32, I16, I8, U64, U32, U16, U8, Bool, C64, F8_E4M3, F8_E5M2, F8_E8M0,
    Q5_1, Q8_1, Q2_K, Q3_K, Q5_K, Q8_K,
    IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_NL, IQ4_XS, TQ1_0, TQ2_0, MXFP4, NVFP4, Q1_0, Q2_0,
#pragma warning restore CS1591
}

/// <summary>Sizes of the storage types.</summary>
public static class TensorTypes
{
    /// <summary>The types whose values can be widened, for messages.</summary>
    internal const string Readable = "F32, F16, BF16, Q8_0, Q5_0, Q4_0, Q4_1, Q4_K and Q6_K";

    /// <summary>Values in one block; 1 for types without blocks. Rows are whole blocks.</summary>
    public static int BlockValues(this TensorType type) => Sizes(type).Values;

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this TensorType type) => Sizes(type).Bytes;

    /// <summary>Whether values can be widened to float32 by <see cref="TensorView.ReadFloat32"/>.</summary>
    public static bool IsReadable(this TensorType type) => type <= TensorType.Q5_0;

    /// <summary>Bytes of <paramref name="values"/> values.</summary>
    /// <exception cref="OverflowException">The size does not fit 63 bits.</exception>
    public static long ByteLength(this TensorType type, long values) => checked(values / type.BlockValues() * type.BlockBytes());

    // Block sizes: ggml-common.h (the sizeof of each block struct) and the safetensors format page.
    private static (int Values, int Bytes) Sizes(TensorType type) => type switch
    {
        TensorType.F64 or TensorType.I64 or TensorType.U64 or TensorType.C64 => (1, 8),
        TensorType.F32 or TensorType.I32 or TensorType.U32 => (1, 4),
        TensorType.F16 or TensorType.BF16 or TensorType.I16 or TensorType.U16 => (1, 2),
        TensorType.I8 or TensorType.U8 or TensorType.Bool => (1, 1),
        TensorType.F8_E4M3 or TensorType.F8_E5M2 or TensorType.F8_E8M0 => (1, 1),
        TensorType.Q4_0 or TensorType.IQ4_NL => (32, 18),
        TensorType.Q4_1 => (32, 20),
        TensorType.Q5_0 => (32, 22),
        TensorType.Q5_1 => (32, 24),
        TensorType.Q8_0 => (32, 34),
        TensorType.Q8_1 => (32, 36),
        TensorType.MXFP4 => (32, 17),
        TensorType.NVFP4 => (64, 36),
        TensorType.Q2_0 => (64, 18),
        TensorType.Q1_0 => (128, 18),
        TensorType.Q2_K => (256, 84),
        TensorType.Q3_K or TensorType.IQ3_S => (256, 110),
        TensorType.Q4_K => (256, 144),
        TensorType.Q5_K => (256, 176),
        TensorType.Q6_K => (256, 210),
        TensorType.Q8_K => (256, 292),
        TensorType.IQ1_S => (256, 50),
        TensorType.IQ1_M => (256, 56),
        TensorType.IQ2_XXS or TensorType.TQ2_0 => (256, 66),
        TensorType.IQ2_XS => (256, 74),
        TensorType.IQ2_S => (256, 82),
        TensorType.IQ3_XXS => (256, 98),
        TensorType.IQ4_XS => (256, 136),
        TensorType.TQ1_0 => (256, 54),
        _ => throw new ArgumentOutOfRangeException(nameof(type), $"Tensor type {(int)type} does not exist."),
    };
}
