namespace Hearth.Tokenization;

/// <summary>SentencePiece's blanks: each becomes <paramref name="replacement"/>, and one may be put in front.</summary>
internal sealed class MetaspacePreTokenizer(char replacement, PrependScheme scheme, bool split) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        if (piece.Length == 0) return;
        var text = Piece.Whole(Replace(piece));
        if (!split)
        {
            output.Add(text);
            return;
        }

        var matches = new List<(int, int)>();
        for (var i = 0; i < text.Length; i++)
            if (text.Chars[i] == replacement) matches.Add((i, i + 1));
        Delimiters.Cut(text, matches, SplitBehavior.MergedWithNext, invert: false, output);
    }

    private TextBuffer Replace(Piece piece)
    {
        var buffer = new TextBuffer(piece.Length + 1);
        var origins = piece.Buffer.Origins[piece.Start..piece.End];
        var chars = piece.Chars;
        var startsWithMark = chars[0] == ' ' || chars[0] == replacement;
        var prepends = scheme == PrependScheme.Always || (scheme == PrependScheme.First && origins[0].Start == 0);
        if (prepends && !startsWithMark) buffer.Append(replacement, origins[0]);
        for (var i = 0; i < chars.Length; i++) buffer.Append(chars[i] == ' ' ? replacement : chars[i], origins[i]);
        return buffer;
    }
}
