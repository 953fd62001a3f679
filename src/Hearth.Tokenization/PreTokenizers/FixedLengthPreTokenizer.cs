namespace Hearth.Tokenization;

/// <summary>Cuts after every <paramref name="length"/> code points.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        var start = piece.Start;
        var count = 0;
        for (var i = piece.Start; i < piece.End;)
        {
            piece.Buffer.RuneAt(i, out var used);
            i += used;
            if (++count < length && i < piece.End) continue;

            output.Add(new Piece(piece.Buffer, start, i));
            start = i;
            count = 0;
        }
    }
}
