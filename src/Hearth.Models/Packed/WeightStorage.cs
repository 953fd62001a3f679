using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>In which type the engine computes with a stored tensor: the file's own, or one that holds the same numbers.</summary>
internal static class WeightStorage
{
    /// <exception cref="NotSupportedException">The engine does not compute with the type.</exception>
    public static WeightType Of(TensorView tensor) => tensor.Type switch
    {
        TensorType.F32 => WeightType.F32,
        TensorType.F16 => WeightType.F16,
        TensorType.BF16 => WeightType.BF16,
        TensorType.Q8_0 or TensorType.Q5_0 => WeightType.Q8_0,
        TensorType.Q4_0 => WeightType.Q4_0,
        TensorType.Q4_1 => WeightType.Q4_1,
        TensorType.Q4_K => WeightType.Q4_K,
        TensorType.Q6_K => WeightType.Q6_K,
        _ => throw new NotSupportedException($"Tensor '{tensor.Name}' is stored as {tensor.Type}, which the engine does not compute with. It computes with {TensorTypes.Readable}: convert the model to one of them."),
    };

    /// <summary>Rows of a matrix, packed.</summary>
    public static PackedWeight Pack(TensorView tensor, int first, int count)
    {
        var rows = tensor.RowBytes(first, count);
        return PackedWeight.Pack(Of(tensor), tensor.Type == TensorType.Q5_0 ? Q5Blocks.ToQ8_0(rows) : rows, count, checked((int)tensor.Shape[^1]));
    }

    /// <exception cref="InvalidDataException">The shape is not the expected one.</exception>
    public static TensorView Require(TensorView tensor, params ReadOnlySpan<long> shape)
    {
        if (tensor.Shape.AsSpan().SequenceEqual(shape)) return tensor;
        throw new InvalidDataException($"Tensor '{tensor.Name}' is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape.ToArray())}] by the configuration.");
    }
}
