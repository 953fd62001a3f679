using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
        return type == ArrayType ? List(key) : Scalar(type, key, what);
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

    private object List(string key)
    {
        var type = UInt32($"the element type of '{key}'");
        if (type == ArrayType) throw Fault($"gives '{key}' an array of arrays, which no reader accepts");
        return type switch
        {
            0 => Numbers<byte>(key),
            1 => Numbers<sbyte>(key),
            2 => Numbers<ushort>(key),
            3 => Numbers<short>(key),
            4 => Numbers<uint>(key),
            5 => Numbers<int>(key),
            6 => Numbers<float>(key),
            7 => Array.ConvertAll(Numbers<byte>(key), value => value != 0),
            8 => Texts(key),
            10 => Numbers<ulong>(key),
            11 => Numbers<long>(key),
            12 => Numbers<double>(key),
            _ => throw Fault($"gives '{key}' an array of the unknown type {type}"),
        };
    }

    private T[] Numbers<T>(string key) where T : unmanaged
    {
        var count = Count($"the length of '{key}'", Unsafe.SizeOf<T>());
        var numbers = MemoryMarshal.Cast<byte, T>(Take(checked(count * Unsafe.SizeOf<T>()), $"the elements of '{key}'")).ToArray();
        if (!BitConverter.IsLittleEndian)
            foreach (ref T number in numbers.AsSpan()) MemoryMarshal.AsBytes(new Span<T>(ref number)).Reverse();
        return numbers;
    }

    private GgufTexts Texts(string key)
    {
        var count = Count($"the length of '{key}'", 8);
        var rest = file.Span(Position, (int)Math.Min(Remaining, int.MaxValue));
        var texts = GgufTexts.TryTake(rest, count, out var taken, out var isCut) ?? throw Fault(isCut ? $"ends inside an element of '{key}'" : $"has an element of '{key}' that is not UTF-8");
        Position += taken;
        return texts;
    }

    private ReadOnlySpan<byte> Take(int length, string what)
    {
        if (length > Remaining) throw Fault($"ends inside {what}");
        var bytes = file.Span(Position, length);
        Position += length;
        return bytes;
    }
}
