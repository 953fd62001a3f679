namespace Hearth.Models;

/// <summary>Names of the storage types in safetensors headers.</summary>
internal static class SafetensorsTypes
{
    /// <summary>dtype in the header to type.</summary>
    public static bool TryParse(string dtype, out TensorType type)
    {
        (var known, type) = dtype switch
        {
            "F32" => (true, TensorType.F32),
            "F16" => (true, TensorType.F16),
            "BF16" => (true, TensorType.BF16),
            "F64" => (true, TensorType.F64),
            "I64" => (true, TensorType.I64),
            "I32" => (true, TensorType.I32),
            "I16" => (true, TensorType.I16),
            "I8" => (true, TensorType.I8),
            "U64" => (true, TensorType.U64),
            "U32" => (true, TensorType.U32),
            "U16" => (true, TensorType.U16),
            "U8" => (true, TensorType.U8),
            "BOOL" => (true, TensorType.Bool),
            "C64" => (true, TensorType.C64),
            "F8_E4M3" => (true, TensorType.F8_E4M3),
            "F8_E5M2" => (true, TensorType.F8_E5M2),
            "F8_E8M0" => (true, TensorType.F8_E8M0),
            _ => (false, default),
        };
        return known;
    }

    /// <summary>Type to dtype in the header.</summary>
    /// <exception cref="NotSupportedException">The format has no name for the type.</exception>
    public static string Name(TensorType type)
    {
        var name = type == TensorType.Bool ? "BOOL" : type.ToString();
        return TryParse(name, out var parsed) && parsed == type
            ? name
            : throw new NotSupportedException($"The safetensors format has no {type}. Widen the tensor to F32 first.");
    }
}
