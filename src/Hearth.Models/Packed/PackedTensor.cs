using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>A tensor of a packed file: a vector of float32, or a packed matrix. Experts are matrices with names of their own.</summary>
/// <param name="Name">Hugging Face name.</param>
/// <param name="Type">How a matrix is stored; null: a vector, [<paramref name="Inputs"/>].</param>
/// <param name="Outputs">N; 1 for a vector.</param>
/// <param name="Inputs">K.</param>
/// <param name="Offset">First byte in the file.</param>
internal sealed record PackedTensor(string Name, WeightType? Type, int Outputs, int Inputs, long Offset)
{
    /// <summary>Bytes in the file.</summary>
    public long Bytes => Type is { } type ? PackedWeight.SizeOf(type, Outputs, Inputs) : sizeof(float) * (long)Inputs;

    /// <summary>Matrices begin on pages, vectors on cache lines.</summary>
    public static long Align(long offset, bool matrix) => matrix ? (offset + 4095) / 4096 * 4096 : (offset + 63) / 64 * 64;

    /// <summary>The tensors of a model laid out in the order of the forward pass, the first one at <paramref name="start"/> or after it.</summary>
    /// <exception cref="NotSupportedException">The engine does not compute with a tensor's type.</exception>
    public static List<PackedTensor> LayOut(ModelFiles files, long start)
    {
        var tensors = new List<PackedTensor>();
        foreach (var (name, _) in ModelLayout.Tensors(files.Configuration))
        {
            var view = files.Describe(name);
            var tensor = view.Shape switch
            {
                [var width] => new PackedTensor(name, null, 1, checked((int)width), Align(start, matrix: false)),
                [var outputs, var inputs] => new PackedTensor(name, WeightStorage.Of(view), checked((int)outputs), checked((int)inputs), Align(start, matrix: true)),
                _ => throw new NotSupportedException($"Tensor '{name}' has {view.Shape.Length} dimensions; weights are vectors or matrices."),
            };
            tensors.Add(tensor);
            start = tensor.Offset + tensor.Bytes;
        }
        return tensors;
    }
}
