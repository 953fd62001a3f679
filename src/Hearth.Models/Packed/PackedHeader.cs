using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>The first bytes of a packed file: what it was made of, by which layout, how long it is, and where every tensor lies. Two hashes guard it.</summary>
/// <remarks>
/// 128 bytes: magic, version of this header, layout version (4 + 4), length of the file (8), length of the table, number of tensors (4 + 4), the model's stamp (32), SHA-256 of
/// the table (32), SHA-256 of the bytes before (32). Then the table: path and bytes of the source, and each tensor. Numbers are little-endian, texts UTF-8 after a length of 16 bits.
/// </remarks>
internal sealed record PackedHeader(byte[] Stamp, string Source, long SourceBytes, long FileBytes, IReadOnlyList<PackedTensor> Tensors)
{
    private const int FormatVersion = 1;
    private const int FixedBytes = 128, HashedBytes = 96;
    private const int MaxTableBytes = 64 << 20;

    private static ReadOnlySpan<byte> Magic => "HEARTHPW"u8;

    /// <summary>Header and table as bytes.</summary>
    public byte[] Write()
    {
        var table = WriteTable();
        var bytes = new byte[FixedBytes + table.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), PackedWeight.LayoutVersion);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), FileBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), table.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), Tensors.Count);
        Stamp.CopyTo(bytes, 32);
        SHA256.HashData(table, bytes.AsSpan(64));
        SHA256.HashData(bytes.AsSpan(0, HashedBytes), bytes.AsSpan(HashedBytes));
        table.CopyTo(bytes, FixedBytes);
        return bytes;
    }

    /// <summary>Bytes that the header of these tensors takes.</summary>
    public static int SizeOf(string source, IEnumerable<string> names) =>
        FixedBytes + 2 + Encoding.UTF8.GetByteCount(source) + 8 + names.Sum(name => 2 + Encoding.UTF8.GetByteCount(name) + 2 + 8 + 4 + 4 + 8);

    /// <summary>Reads the header of a mapped file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, cut, or of another layout; the message says which.</exception>
    public static PackedHeader Read(MappedMemory file)
    {
        if (file.Bytes < FixedBytes) throw new InvalidDataException($"is {file.Bytes} bytes long");
        var head = file.Span(0, FixedBytes);
        if (!head.StartsWith(Magic)) throw new InvalidDataException("is no packed file");
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(head[..HashedBytes], hash);
        if (!hash.SequenceEqual(head[HashedBytes..])) throw new InvalidDataException("has a damaged header");
        var (format, layout) = (BinaryPrimitives.ReadInt32LittleEndian(head[8..]), BinaryPrimitives.ReadInt32LittleEndian(head[12..]));
        if (format != FormatVersion || layout != PackedWeight.LayoutVersion) throw new InvalidDataException($"has format {format} and layout {layout}, not {FormatVersion} and {PackedWeight.LayoutVersion}");
        var length = BinaryPrimitives.ReadInt64LittleEndian(head[16..]);
        if (length != file.Bytes) throw new InvalidDataException($"is {file.Bytes} bytes long, not {length}");
        var (tableBytes, count) = (BinaryPrimitives.ReadInt32LittleEndian(head[24..]), BinaryPrimitives.ReadInt32LittleEndian(head[28..]));
        if (tableBytes is < 0 or > MaxTableBytes || tableBytes > file.Bytes - FixedBytes) throw new InvalidDataException("has a table longer than the file");
        var table = file.Span(FixedBytes, tableBytes);
        SHA256.HashData(table, hash);
        if (!hash.SequenceEqual(head[64..HashedBytes])) throw new InvalidDataException("has a damaged table");
        return ReadTable(head[32..64].ToArray(), length, count, table);
    }

    private byte[] WriteTable()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        WriteText(writer, Source);
        writer.Write(SourceBytes);
        foreach (var tensor in Tensors)
        {
            WriteText(writer, tensor.Name);
            WriteText(writer, tensor.Type?.ToString() ?? "");
            writer.Write(tensor.Outputs);
            writer.Write(tensor.Inputs);
            writer.Write(tensor.Offset);
        }
        return stream.ToArray();
    }

    private static PackedHeader ReadTable(byte[] stamp, long length, int count, ReadOnlySpan<byte> table)
    {
        try
        {
            var (source, sourceBytes) = (Text(ref table), Int64(ref table));
            var tensors = new List<PackedTensor>(Math.Min(count, table.Length));
            for (int i = 0; i < count; i++) tensors.Add(Tensor(ref table, length));
            return new PackedHeader(stamp, source, sourceBytes, length, tensors);
        }
        catch (Exception fault) when (fault is ArgumentException or OverflowException)
        {
            throw new InvalidDataException("has a table that does not describe it", fault);
        }
    }

    private static PackedTensor Tensor(ref ReadOnlySpan<byte> table, long length)
    {
        var (name, type) = (Text(ref table), Text(ref table));
        var tensor = new PackedTensor(name, type.Length == 0 ? null : Enum.Parse<WeightType>(type), Int32(ref table), Int32(ref table), Int64(ref table));
        return tensor.Offset >= 0 && tensor.Bytes <= length - tensor.Offset
            ? tensor
            : throw new ArgumentException($"Tensor '{name}' is not inside the file.");
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write(checked((ushort)bytes.Length));
        writer.Write(bytes);
    }

    private static string Text(ref ReadOnlySpan<byte> table)
    {
        int length = BinaryPrimitives.ReadUInt16LittleEndian(table);
        var text = Encoding.UTF8.GetString(table.Slice(2, length));
        table = table[(2 + length)..];
        return text;
    }

    private static int Int32(ref ReadOnlySpan<byte> table)
    {
        var value = BinaryPrimitives.ReadInt32LittleEndian(table);
        table = table[4..];
        return value;
    }

    private static long Int64(ref ReadOnlySpan<byte> table)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(table);
        table = table[8..];
        return value;
    }
}
