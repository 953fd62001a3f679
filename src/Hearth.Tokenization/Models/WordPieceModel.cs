using System.Text;

namespace Hearth.Tokenization;

/// <summary>Greedy longest match from the left; a piece with a part that matches nothing is unknown as a whole. arXiv:1609.08144.</summary>
internal sealed class WordPieceModel(Dictionary<string, int> vocabulary, string unknownToken, string prefix, int longestWord) : ITokenModel
{
    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    /// <exception cref="InvalidDataException">The piece is unknown and so is the unknown token.</exception>
    public void Tokenize(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        var before = output.Count;
        if (PythonValue.RuneCount(piece.ToString()) <= longestWord && TryMatch(piece, output)) return;
        output.RemoveRange(before, output.Count - before);
        if (!vocabulary.TryGetValue(unknownToken, out var unknown))
            throw new InvalidDataException($"Tokenizer: the unknown token '{unknownToken}' is not in the vocabulary.");
        output.Add(new Symbol(unknown, Encoding.UTF8.GetByteCount(piece)));
    }

    private bool TryMatch(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        for (var start = 0; start < piece.Length;)
        {
            var end = piece.Length;
            var id = 0;
            while (end > start && !vocabulary.TryGetValue(string.Concat(start > 0 ? prefix : "", piece[start..end]), out id))
                end -= end - start > 1 && char.IsLowSurrogate(piece[end - 1]) ? 2 : 1;
            if (end <= start) return false;
            output.Add(new Symbol(id, Encoding.UTF8.GetByteCount(piece[start..end])));
            start = end;
        }

        return true;
    }
}
