namespace Hearth.Tokenization;

/// <summary>Writes each UTF-8 byte as one character of <see cref="ByteAlphabet"/>.</summary>
internal sealed class ByteLevelNormalizer : INormalizer
{
    private static readonly ByteLevelPreTokenizer ToBytes = new(addPrefixSpace: false, useRegex: false);

    public TextBuffer Normalize(TextBuffer text)
    {
        var pieces = new List<Piece>();
        ToBytes.Split(Piece.Whole(text), pieces);
        return pieces.Count == 0 ? text : pieces[0].Buffer;
    }
}
