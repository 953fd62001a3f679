namespace Hearth.Tokenization;

/// <summary>Cuts where an expression matches.</summary>
internal sealed class SplitPreTokenizer(CodePointRegex regex, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    public void Split(Piece piece, List<Piece> output)
    {
        var matches = new List<(int, int)>();
        regex.FindMatches(piece.Chars, matches);
        Delimiters.Cut(piece, matches, behavior, invert, output);
    }
}
