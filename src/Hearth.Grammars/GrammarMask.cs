namespace Hearth.Grammars;

/// <summary>
/// Which tokens may come next: one bit a token, of which most are shared with other states, and the few that are this state's own. Immutable.
/// </summary>
public sealed class GrammarMask
{
    private readonly ulong[] _shared;
    private readonly int[] _own;

    internal GrammarMask(ulong[] shared, int[] own, bool allowsEnd, string? fault = null)
    {
        _shared = shared;
        _own = own;
        AllowsEnd = allowsEnd;
        Fault = fault;
        HasTokens = own.Length > 0 || shared.AsSpan().ContainsAnyExcept(0UL);
    }

    /// <summary>Whether the text may end here: the tokens that end a sequence are allowed.</summary>
    public bool AllowsEnd { get; }

    /// <summary>Whether any token may come next.</summary>
    public bool HasTokens { get; }

    /// <summary>Why there is neither a token nor an end; null where there is one.</summary>
    public string? Fault { get; }

    /// <summary>Writes the bits.</summary>
    /// <param name="words">As many as <see cref="TokenVocabulary.Words"/>: bit i of word w is token 64 w + i.</param>
    public void CopyTo(Span<ulong> words)
    {
        _shared.CopyTo(words);
        foreach (int id in _own) words[id >> 6] |= 1UL << id;
    }

    /// <summary>Whether a token may come next.</summary>
    public bool Allows(int tokenId) => (_shared[tokenId >> 6] >> tokenId & 1) != 0 || Array.BinarySearch(_own, tokenId) >= 0;
}
