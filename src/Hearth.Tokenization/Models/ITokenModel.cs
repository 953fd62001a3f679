namespace Hearth.Tokenization;

/// <summary>Turns one pre-tokenized piece into tokens.</summary>
internal interface ITokenModel
{
    /// <summary>Every token the model knows, with its id.</summary>
    IReadOnlyDictionary<string, int> Vocabulary { get; }

    void Tokenize(ReadOnlySpan<char> piece, List<Symbol> output);
}

/// <summary>A token and the number of UTF-8 bytes of the piece it covers.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="ByteLength">How far it moves on.</param>
/// <param name="SharesRange">It stands for the same text as the token before it, and does not move on.</param>
internal readonly record struct Symbol(int Id, int ByteLength, bool SharesRange = false);
