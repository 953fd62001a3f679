using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Hearth.TestKit;

/// <summary>A safetensors file of a fixture, read whole. Deliberately independent of the product's own reader.</summary>
public sealed class TensorFile
{
    private readonly Dictionary<string, (string Type, int[] Shape, byte[] Bytes)> _tensors = [];

    /// <summary>Reads a file.</summary>
    public TensorFile(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int headerLength = checked((int)BinaryPrimitives.ReadInt64LittleEndian(file));
        using var header = JsonDocument.Parse(file.AsMemory(8, headerLength));
        foreach (var tensor in header.RootElement.EnumerateObject())
        {
            if (tensor.Name == "__metadata__") continue;
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            var offsets = tensor.Value.GetProperty("data_offsets");
            int start = 8 + headerLength + offsets[0].GetInt32();
            int end = 8 + headerLength + offsets[1].GetInt32();
            _tensors[tensor.Name] = (tensor.Value.GetProperty("dtype").GetString()!, shape, file[start..end]);
        }
    }

    /// <summary>Names of all tensors, ordinal order.</summary>
    public IEnumerable<string> Names => _tensors.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether there is such a tensor.</summary>
    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Sizes of a tensor.</summary>
    public int[] Shape(string name) => _tensors[name].Shape;

    /// <summary>Bytes as stored.</summary>
    public byte[] Bytes(string name) => _tensors[name].Bytes;

    /// <summary>Values of an F32 tensor.</summary>
    public float[] Floats(string name) => Values<float>(name, "F32");

    /// <summary>Values of an I64 tensor.</summary>
    public long[] Longs(string name) => Values<long>(name, "I64");

    /// <summary>Values of an I32 tensor.</summary>
    public int[] Integers(string name) => Values<int>(name, "I32");

    private T[] Values<T>(string name, string type) where T : unmanaged
    {
        var tensor = _tensors[name];
        if (tensor.Type != type) throw new InvalidDataException($"Tensor '{name}' is {tensor.Type}, not {type}.");
        return MemoryMarshal.Cast<byte, T>(tensor.Bytes).ToArray();
    }
}
