namespace Hearth.Models;

/// <summary>
/// Puts the rows of a llama GGUF file's query and key projections back into Hugging Face's order. The converter makes the two
/// rows that are rotated together neighbours: file row 2i + j of a head is Hugging Face row j * E/2 + i, j in {0, 1}.
/// </summary>
/// <remarks>Rows are moved whole, so quantised blocks stay as they are.</remarks>
internal static class RotaryRows
{
    /// <summary>Copies a tensor with its rows in half-split order. A bias is a tensor whose rows are single values.</summary>
    public static TensorView ToHalfSplit(TensorView tensor, int headWidth)
    {
        var rows = tensor.Shape[0];
        if (rows % headWidth != 0) throw new InvalidDataException($"Tensor '{tensor.Name}' has {rows} rows, which are not whole heads of {headWidth}.");
        var source = tensor.Bytes;
        var rowBytes = checked((int)(tensor.ByteLength / rows));
        var target = new byte[tensor.ByteLength];
        for (int row = 0; row < rows; row++)
        {
            var (head, within) = (row / headWidth, row % headWidth);
            var from = head * headWidth + 2 * (within % (headWidth / 2)) + within / (headWidth / 2);
            source.Slice(from * rowBytes, rowBytes).CopyTo(target.AsSpan(row * rowBytes));
        }
        return new TensorView(tensor.Name, tensor.Type, tensor.Shape, target);
    }
}
