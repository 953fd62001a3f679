namespace Hearth.Tokenization;

/// <summary>Cuts a piece into smaller ones; tokens never cross a cut.</summary>
internal interface IPreTokenizer
{
    void Split(Piece piece, List<Piece> output);
}
