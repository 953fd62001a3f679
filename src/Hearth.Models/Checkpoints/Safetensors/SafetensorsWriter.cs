using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Hearth.Models;

/// <summary>Collects tensors and writes them as one safetensors file: same tensors, same bytes, whatever the order of adding.</summary>
/// <remarks>Tensors lie in ordinal order of their names; the header is padded with spaces to 8 bytes, as the reference writer does.</remarks>
public sealed class SafetensorsWriter
{
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    private sealed record Entry(TensorType Type, long[] Shape, ReadOnlyMemory<byte> Bytes);

    /// <summary>The header's <c>__metadata__</c>.</summary>
    public SortedDictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal) { ["format"] = "pt" };

    /// <summary>Adds a tensor. The bytes are read when the file is written.</summary>
    /// <exception cref="ArgumentException">The name is taken, or shape and bytes disagree.</exception>
    public void Add(string name, TensorType type, long[] shape, ReadOnlyMemory<byte> bytes)
    {
        SafetensorsTypes.Name(type);
        if (name == "__metadata__") throw new ArgumentException("A tensor cannot be named '__metadata__'.", nameof(name));
        var needed = shape.Aggregate((long)type.BlockBytes(), (product, dimension) => checked(product * dimension));
        if (needed != bytes.Length) throw new ArgumentException($"Tensor '{name}' has {bytes.Length} bytes, its shape [{string.Join(", ", shape)}] of {type} needs {needed}.", nameof(bytes));
        if (!_entries.TryAdd(name, new Entry(type, [.. shape], bytes))) throw new ArgumentException($"Tensor '{name}' was added before.", nameof(name));
    }

    /// <summary>Adds float32 values, copied, stored as F32, F16 or BF16 (rounded to nearest, ties to even).</summary>
    public void Add(string name, long[] shape, ReadOnlySpan<float> values, TensorType type = TensorType.F32)
    {
        var bytes = new byte[type.ByteLength(values.Length)];
        switch (type)
        {
            case TensorType.F32:
                for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), values[i]);
                break;
            case TensorType.F16:
                for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(2 * i), (Half)values[i]);
                break;
            case TensorType.BF16:
                for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), BFloat16.Round(values[i]));
                break;
            default:
                throw new NotSupportedException($"float32 values cannot be stored as {type}. Use F32, F16 or BF16.");
        }
        Add(name, type, shape, bytes);
    }

    /// <summary>Adds int32 values, copied.</summary>
    public void Add(string name, long[] shape, ReadOnlySpan<int> values)
    {
        var bytes = new byte[4L * values.Length];
        for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), values[i]);
        Add(name, TensorType.I32, shape, bytes);
    }

    /// <summary>Writes the file atomically: it is whole or absent.</summary>
    public void Save(string path) => AtomicFile.Write(path, Write);

    /// <summary>Writes header and data.</summary>
    public void Write(Stream stream)
    {
        var header = Header();
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var entry in _entries.Values) stream.Write(entry.Bytes.Span);
    }

    private byte[] Header()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteMetadata(json);
            long offset = 0;
            foreach (var (name, entry) in _entries) offset = WriteEntry(json, name, entry, offset);
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private void WriteMetadata(Utf8JsonWriter json)
    {
        if (Metadata.Count == 0) return;
        json.WriteStartObject("__metadata__");
        foreach (var (key, value) in Metadata) json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static long WriteEntry(Utf8JsonWriter json, string name, Entry entry, long offset)
    {
        json.WriteStartObject(name);
        json.WriteString("dtype", SafetensorsTypes.Name(entry.Type));
        json.WriteStartArray("shape");
        foreach (var dimension in entry.Shape) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + entry.Bytes.Length);
        json.WriteEndArray();
        json.WriteEndObject();
        return offset + entry.Bytes.Length;
    }
}
