using System.Buffers.Binary;
using System.Text;

namespace Hearth.Models;

/// <summary>Reads the parts of a GGUF header in order; every length is checked against the file before memory is taken for it.</summary>
internal sealed class GgufReader(MappedFile file)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Offset of the next byte.</summary>
    public long Position { get; private set; }

    private long Remaining => file.Length - Position;

    public byte Byte(string what) => Take(1, what)[0];

    public ushort UInt16(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what));

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things that take at least <paramref name="bytesEach"/> bytes of the file each.</summary>
    public int Count(string what, int bytesEach)
    {
        var count = UInt64(what);
        return count <= (ulong)(Remaining / bytesEach) && count <= int.MaxValue ? (int)count : throw Fault($"says {what} is {count}, more than the file holds");
    }

    /// <summary>Text: a 64-bit length and UTF-8.</summary>
    public string Text(string what)
    {
        var length = Count($"the length of {what}", 1);
        try
        {
            return StrictUtf8.GetString(Take(length, what));
        }
        catch (DecoderFallbackException)
        {
            throw Fault($"has {what} that is not UTF-8");
        }
    }

    /// <summary>A metadata value: a number, bool, string, or an array of one of them (see <see cref="GgufMetadata"/>).</summary>
    public object Value(string key)
    {
        var what = $"the value of '{key}'";
        var type = UInt32(what);
        return type == ArrayType ? Array(key) : Scalar(type, key, what);
    }

    public InvalidDataException Fault(string what) => new($"GGUF file '{file.Name}' {what}. Get the file again.");

    private const uint ArrayType = 9;

    private object Scalar(uint type, string key, string what) => type switch
    {
        0 => Byte(what),
        1 => (sbyte)Byte(what),
        2 => UInt16(what),
        3 => (short)UInt16(what),
        4 => UInt32(what),
        5 => (int)UInt32(what),
        6 => BitConverter.UInt32BitsToSingle(UInt32(what)),
        7 => Byte(what) != 0,
        8 => Text(what),
        10 => UInt64(what),
        11 => (long)UInt64(what),
        12 => BitConverter.UInt64BitsToDouble(UInt64(what)),
        _ => throw Fault($"gives '{key}' the unknown value type {type}"),
    };

    private object Array(string key)
    {
        var type = UInt32($"the element type of '{key}'");
        if (type == ArrayType) throw Fault($"gives '{key}' an array of arrays, which no reader accepts");
        return type switch
        {
            0 => Elements(key, 1, Byte),
            1 => Elements(key, 1, what => (sbyte)Byte(what)),
            2 => Elements(key, 2, UInt16),
            3 => Elements(key, 2, what => (short)UInt16(what)),
            4 => Elements(key, 4, UInt32),
            5 => Elements(key, 4, what => (int)UInt32(what)),
            6 => Elements(key, 4, what => BitConverter.UInt32BitsToSingle(UInt32(what))),
            7 => Elements(key, 1, what => Byte(what) != 0),
            8 => Elements(key, 8, Text),
            10 => Elements(key, 8, UInt64),
            11 => Elements(key, 8, what => (long)UInt64(what)),
            12 => Elements(key, 8, what => BitConverter.UInt64BitsToDouble(UInt64(what))),
            _ => throw Fault($"gives '{key}' an array of the unknown type {type}"),
        };
    }

    private T[] Elements<T>(string key, int bytesEach, Func<string, T> read)
    {
        var what = $"an element of '{key}'";
        var elements = new T[Count($"the length of '{key}'", bytesEach)];
        for (int i = 0; i < elements.Length; i++) elements[i] = read(what);
        return elements;
    }

    private ReadOnlySpan<byte> Take(int length, string what)
    {
        if (length > Remaining) throw Fault($"ends inside {what}");
        var bytes = file.Span(Position, length);
        Position += length;
        return bytes;
    }
}
