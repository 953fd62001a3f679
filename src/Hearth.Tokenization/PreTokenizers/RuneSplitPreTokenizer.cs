using System.Text;

namespace Hearth.Tokenization;

/// <summary>Cuts at every code point of a kind: digits, blanks, punctuation, one delimiter.</summary>
internal sealed class RuneSplitPreTokenizer(Func<Rune, bool> isDelimiter, SplitBehavior behavior) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        var matches = new List<(int, int)>();
        for (var i = piece.Start; i < piece.End;)
        {
            var rune = piece.Buffer.RuneAt(i, out var used);
            if (isDelimiter(rune)) matches.Add((i - piece.Start, i - piece.Start + used));
            i += used;
        }

        Delimiters.Cut(piece, matches, behavior, invert: false, output);
    }
}
