using System.Text;

namespace Hearth.Tokenization;

/// <summary>GPT-2's pre-tokenizer: cuts words (optionally) and writes each UTF-8 byte as one character.</summary>
internal sealed class ByteLevelPreTokenizer(bool addPrefixSpace, bool useRegex) : IPreTokenizer
{
    // openai/gpt-2, src/encoder.py.
    public const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private static readonly Lazy<CodePointRegex> Gpt2Regex = new(() => new CodePointRegex(Gpt2Pattern));

    public void Split(Piece piece, List<Piece> output)
    {
        if (piece.Length == 0) return;
        if (addPrefixSpace && piece.Chars[0] != ' ') piece = Piece.Whole(WithPrefixSpace(piece));
        if (!useRegex)
        {
            output.Add(Piece.Whole(ToBytes(piece, [], output)));
            return;
        }

        var matches = new List<(int Start, int End)>();
        Gpt2Regex.Value.FindMatches(piece.Chars, matches);
        ToBytes(piece, matches, output);
    }

    private static TextBuffer WithPrefixSpace(Piece piece)
    {
        var buffer = new TextBuffer(piece.Length + 1);
        buffer.Append(' ', piece.Buffer.Origins[piece.Start]);
        buffer.AppendSlice(piece.Buffer, piece.Start, piece.End);
        return buffer;
    }

    /// <summary>Writes all words into one buffer of byte characters; each match is a word (the expression covers everything).</summary>
    private static TextBuffer ToBytes(Piece piece, List<(int Start, int End)> words, List<Piece> output)
    {
        var bytes = new TextBuffer(piece.Length + piece.Length / 4);
        var position = 0;
        foreach (var (start, end) in words)
        {
            var from = bytes.Length;
            AppendBytes(piece, start, end, bytes);
            output.Add(new Piece(bytes, from, bytes.Length));
            position = end;
        }

        AppendBytes(piece, position, piece.Length, bytes);
        return bytes;
    }

    private static void AppendBytes(Piece piece, int start, int end, TextBuffer bytes)
    {
        var chars = piece.Chars;
        var origins = piece.Buffer.Origins[piece.Start..];
        Span<byte> utf8 = stackalloc byte[4];
        for (var i = start; i < end;)
        {
            if (chars[i] < 0x80)
            {
                bytes.Append(ByteAlphabet.Encode((byte)chars[i]), origins[i]);
                i++;
                continue;
            }

            Rune.DecodeFromUtf16(chars[i..], out var rune, out var used);
            var count = rune.EncodeToUtf8(utf8);
            foreach (var value in utf8[..count]) bytes.Append(ByteAlphabet.Encode(value), origins[i]);
            i += used;
        }
    }
}
