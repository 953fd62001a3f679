namespace Hearth.Tokenization;

/// <summary>
/// Where no merge can join two neighbouring characters: no merge's left side ends with the one while its right side begins with the other. What
/// lies on the two sides of such a place is merged as if it stood alone, so a long piece (SentencePiece models see a whole text as one) is cut there into
/// short ones that are quick to merge and come from the cache.
/// </summary>
internal sealed class MergeBoundaries
{
    private readonly HashSet<uint> _joined = [];
    private readonly bool[] _isToken = new bool[char.MaxValue + 1];

    /// <param name="vocabulary">Only next to characters that are tokens themselves is cut: others become bytes or the unknown token, which may join.</param>
    public MergeBoundaries(IEnumerable<string> vocabulary)
    {
        foreach (var token in vocabulary)
            if (token.Length == 1) _isToken[token[0]] = true;
    }

    /// <summary>Takes note of a merge. All must be known before anything is cut.</summary>
    public void Join(string left, string right)
    {
        if (left.Length > 0 && right.Length > 0) _joined.Add(Key(left[^1], right[0]));
    }

    /// <summary>The length of the first part of a piece that can be merged alone.</summary>
    public int FirstPart(ReadOnlySpan<char> piece)
    {
        for (var i = 1; i < piece.Length; i++)
            if (_isToken[piece[i - 1]] && _isToken[piece[i]] && !_joined.Contains(Key(piece[i - 1], piece[i]))) return i;
        return piece.Length;
    }

    private static uint Key(char left, char right) => ((uint)left << 16) | right;
}
