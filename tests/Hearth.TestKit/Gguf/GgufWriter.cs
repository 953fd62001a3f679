using System.Text;
using Hearth.Models;

namespace Hearth.TestKit;

/// <summary>Writes a GGUF file (version 3, little-endian): metadata, then tensors at multiples of 32 bytes.</summary>
public sealed class GgufWriter
{
    private const int Alignment = 32;

    private readonly List<(string Key, object Value)> _metadata = [];
    private readonly List<(string Name, TensorType Type, long[] Shape, byte[] Bytes)> _tensors = [];

    /// <summary>A key with a uint, a float or a text.</summary>
    public void Add(string key, object value) => _metadata.Add((key, value));

    /// <summary>A tensor; the shape's outermost dimension first.</summary>
    public void Add(string name, TensorType type, long[] shape, byte[] bytes) => _tensors.Add((name, type, shape, bytes));

    public void Save(string path)
    {
        using var file = new BinaryWriter(File.Create(path));
        file.Write("GGUF"u8);
        file.Write(3u);
        file.Write((ulong)_tensors.Count);
        file.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            Write(file, key);
            WriteValue(file, value);
        }
        var offset = 0L;
        foreach (var (name, type, shape, bytes) in _tensors)
        {
            Write(file, name);
            file.Write((uint)shape.Length);
            foreach (var dimension in shape.Reverse()) file.Write((ulong)dimension); // the innermost first
            file.Write(Number(type));
            file.Write((ulong)offset);
            offset = Aligned(offset + bytes.LongLength);
        }
        foreach (var (_, _, _, bytes) in _tensors)
        {
            while (file.BaseStream.Position % Alignment != 0) file.Write((byte)0);
            file.Write(bytes);
        }
    }

    private static long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;

    private static void WriteValue(BinaryWriter file, object value)
    {
        switch (value)
        {
            case uint number:
                file.Write(4u);
                file.Write(number);
                break;
            case float number:
                file.Write(6u);
                file.Write(number);
                break;
            case string text:
                file.Write(8u);
                Write(file, text);
                break;
            default:
                throw new ArgumentException($"A value of type {value.GetType().Name} is not written here.", nameof(value));
        }
    }

    private static void Write(BinaryWriter file, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        file.Write((ulong)bytes.Length);
        file.Write(bytes);
    }

    // ggml.h, enum ggml_type.
    private static uint Number(TensorType type) => type switch
    {
        TensorType.F32 => 0,
        TensorType.F16 => 1,
        TensorType.Q4_0 => 2,
        TensorType.Q4_1 => 3,
        TensorType.Q8_0 => 8,
        TensorType.Q4_K => 12,
        TensorType.Q6_K => 14,
        TensorType.BF16 => 30,
        _ => throw new ArgumentException($"{type} is not written here.", nameof(type)),
    };
}
