using System.Buffers.Binary;
using System.Collections;
using System.Text;
using System.Text.Unicode;

namespace Hearth.Models;

/// <summary>An array of texts of a GGUF file, such as its vocabulary: checked when the file is opened, made into strings when they are first asked for.</summary>
internal sealed class GgufTexts : IReadOnlyList<string>
{
    private readonly Lazy<string[]> _texts;

    private GgufTexts(int count, byte[] bytes)
    {
        Count = count;
        _texts = new(() => Decode(count, bytes));
    }

    public int Count { get; }

    public string this[int index] => _texts.Value[index];

    /// <summary>Takes texts from the front of <paramref name="bytes"/>: each a length of 64 bits and UTF-8.</summary>
    /// <returns>Null where a text is cut off, or is not UTF-8.</returns>
    public static GgufTexts? TryTake(ReadOnlySpan<byte> bytes, int count, out int taken, out bool isCut)
    {
        (taken, isCut) = (0, false);
        for (int i = 0; i < count; i++)
        {
            var rest = bytes[taken..];
            isCut = rest.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(rest) > (ulong)(rest.Length - 8);
            if (isCut) return null;
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            if (!Utf8.IsValid(rest.Slice(8, length))) return null;
            taken += 8 + length;
        }
        return new GgufTexts(count, bytes[..taken].ToArray());
    }

    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_texts.Value).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string[] Decode(int count, ReadOnlySpan<byte> bytes)
    {
        var texts = new string[count];
        for (int i = 0; i < count; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            texts[i] = Encoding.UTF8.GetString(bytes.Slice(8, length));
            bytes = bytes[(8 + length)..];
        }
        return texts;
    }
}
