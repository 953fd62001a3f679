using System.Buffers;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// A text on its way to tokens. Every UTF-16 unit remembers which code points of the original text it stands for, so
/// that offsets survive normalisation. The two halves of a surrogate pair share one origin.
/// </summary>
internal sealed class TextBuffer
{
    private char[] _chars;
    private TextRange[] _origins;

    public TextBuffer(int capacity)
    {
        _chars = new char[Math.Max(capacity, 4)];
        _origins = new TextRange[_chars.Length];
    }

    public int Length { get; private set; }

    public ReadOnlySpan<char> Chars => _chars.AsSpan(0, Length);

    public ReadOnlySpan<TextRange> Origins => _origins.AsSpan(0, Length);

    /// <summary>Wraps the original text. A lone surrogate becomes U+FFFD: it has no UTF-8 form.</summary>
    public static TextBuffer FromText(string text)
    {
        var buffer = new TextBuffer(text.Length);
        var codePoint = 0;
        for (var i = 0; i < text.Length; codePoint++)
        {
            var origin = new TextRange(codePoint, codePoint + 1);
            if (!char.IsSurrogate(text[i]))
            {
                buffer.Append(text[i++], origin);
                continue;
            }

            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used);
            buffer.Append(rune, origin);
            i += used;
        }

        return buffer;
    }

    public void Append(char unit, TextRange origin)
    {
        if (Length == _chars.Length)
        {
            Array.Resize(ref _chars, Length * 2);
            Array.Resize(ref _origins, Length * 2);
        }

        _chars[Length] = unit;
        _origins[Length++] = origin;
    }

    public void Append(Rune rune, TextRange origin)
    {
        Span<char> units = stackalloc char[2];
        var count = rune.EncodeToUtf16(units);
        Append(units[0], origin);
        if (count == 2) Append(units[1], origin);
    }

    public void Append(string text, TextRange origin)
    {
        foreach (var unit in text) Append(unit, origin);
    }

    public void AppendSlice(TextBuffer source, int start, int end)
    {
        for (var i = start; i < end; i++) Append(source._chars[i], source._origins[i]);
    }

    public TextBuffer Slice(int start, int end)
    {
        var slice = new TextBuffer(end - start);
        _chars.AsSpan(start, end - start).CopyTo(slice._chars);
        _origins.AsSpan(start, end - start).CopyTo(slice._origins);
        slice.Length = end - start;
        return slice;
    }

    /// <summary>The code point at a unit index, and how many units it takes.</summary>
    public Rune RuneAt(int index, out int used)
    {
        var status = Rune.DecodeFromUtf16(Chars[index..], out var rune, out used);
        return status == OperationStatus.Done ? rune : Rune.ReplacementChar;
    }
}
