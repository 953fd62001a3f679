using System.Text;

namespace Hearth.Tokenization;

/// <summary>Each piece is one token, or the unknown one.</summary>
internal sealed class WordLevelModel(Dictionary<string, int> vocabulary, string unknownToken) : ITokenModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();

    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    /// <exception cref="InvalidDataException">The piece is unknown and so is the unknown token.</exception>
    public void Tokenize(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        if (!_lookup.TryGetValue(piece, out var id) && !vocabulary.TryGetValue(unknownToken, out id))
            throw new InvalidDataException($"Tokenizer: the unknown token '{unknownToken}' is not in the vocabulary.");
        output.Add(new Symbol(id, Encoding.UTF8.GetByteCount(piece)));
    }
}
