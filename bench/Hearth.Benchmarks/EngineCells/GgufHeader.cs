using System.Buffers.Binary;
using System.Text;

namespace Hearth.Benchmarks;

/// <summary>Writes the head of a GGUF file, version 3: keys, then tensors. Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md.</summary>
internal sealed class GgufHeader(int tensors)
{
    private const uint TypeUInt32 = 4, TypeInt32 = 5, TypeFloat32 = 6, TypeString = 8, TypeArray = 9;
    private readonly MemoryStream _keys = new(), _tensors = new();
    private ulong _count;

    public void Add(string key, string value)
    {
        Key(key, TypeString);
        Text(_keys, value);
    }

    public void Add(string key, uint value)
    {
        Key(key, TypeUInt32);
        UInt32(_keys, value);
    }

    public void Add(string key, float value)
    {
        Key(key, TypeFloat32);
        UInt32(_keys, BitConverter.SingleToUInt32Bits(value));
    }

    public void Add(string key, IReadOnlyCollection<string> values)
    {
        Array(key, TypeString, values.Count);
        foreach (string value in values) Text(_keys, value);
    }

    public void Add(string key, IReadOnlyCollection<int> values)
    {
        Array(key, TypeInt32, values.Count);
        foreach (int value in values) UInt32(_keys, (uint)value);
    }

    /// <summary>Describes a tensor; <paramref name="shape"/> has the outermost dimension first, the file the innermost.</summary>
    public void AddTensor(string name, int[] shape, uint type, long offset)
    {
        Text(_tensors, name);
        UInt32(_tensors, (uint)shape.Length);
        for (int i = shape.Length - 1; i >= 0; i--) UInt64(_tensors, (ulong)shape[i]);
        UInt32(_tensors, type);
        UInt64(_tensors, (ulong)offset);
    }

    /// <summary>The head, filled up to where tensor data may begin.</summary>
    public byte[] ToArray(int alignment)
    {
        var file = new MemoryStream();
        file.Write("GGUF"u8);
        UInt32(file, 3);
        UInt64(file, (ulong)tensors);
        UInt64(file, _count);
        _keys.WriteTo(file);
        _tensors.WriteTo(file);
        file.SetLength((file.Length + alignment - 1) / alignment * alignment);
        return file.ToArray();
    }

    private void Key(string key, uint type)
    {
        Text(_keys, key);
        UInt32(_keys, type);
        _count++;
    }

    private void Array(string key, uint type, int count)
    {
        Key(key, TypeArray);
        UInt32(_keys, type);
        UInt64(_keys, (ulong)count);
    }

    private static void Text(Stream stream, string value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(value);
        UInt64(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void UInt32(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void UInt64(Stream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
