using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Packs the published files into memory of this process, tensor by tensor.</summary>
internal sealed class MemoryWeights(ModelFiles files, string? warning = null) : IFrozenWeights
{
    private readonly List<NativeBlock> _vectors = [];
    private long _bytes, _sourceBytes;

    public WeightReport Report => new() { Bytes = _bytes, SourceBytes = _sourceBytes, Warning = warning };

    public bool Contains(string name) => files.Contains(name);

    public PackedWeight Matrix(string name, int outputs, int inputs)
    {
        var tensor = WeightStorage.Require(files.Get(name), outputs, inputs);
        var weight = WeightStorage.Pack(tensor, 0, outputs);
        Count(weight.Bytes, tensor.ByteLength);
        return weight;
    }

    public FloatBuffer Vector(string name, int width)
    {
        var tensor = WeightStorage.Require(files.Get(name), width);
        _vectors.Add(NativeBlock.ForFloats(width, out var values));
        tensor.ReadFloat32(values);
        Count(_vectors[^1].Bytes, tensor.ByteLength);
        return values;
    }

    public void Dispose() => _vectors.ForEach(vector => vector.Dispose());

    private void Count(long bytes, long sourceBytes) => (_bytes, _sourceBytes) = (_bytes + bytes, _sourceBytes + sourceBytes);
}
