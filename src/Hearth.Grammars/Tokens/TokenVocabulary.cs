namespace Hearth.Grammars;

/// <summary>
/// The bytes that each token of a tokenizer writes. Tokens without any (special ones, gaps) never match a grammar. Immutable but for masks that all grammars
/// share, which are made when first asked for. Safe to share between threads.
/// </summary>
public sealed class TokenVocabulary
{
    private const int LongestToken = ushort.MaxValue;
    private readonly byte[]?[] _bytes;

    /// <summary>A vocabulary.</summary>
    /// <param name="bytesOf">By token id; null or empty: the token is never allowed.</param>
    /// <param name="size">Number of token ids that a mask covers: that of the model's logits.</param>
    public TokenVocabulary(IReadOnlyList<byte[]?> bytesOf, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        Size = size;
        _bytes = [.. bytesOf.Take(size).Select(bytes => bytes is { Length: > 0 and < LongestToken } ? bytes : null)];
        Trie = TokenTrie.Build(Enumerable.Range(0, _bytes.Length).Where(id => _bytes[id] is not null), id => _bytes[id]!);
        Shared = new TokenAutomaton(SharedRules.Grammar, this);
        Shared.Prepare();
    }

    /// <summary>Number of token ids.</summary>
    public int Size { get; }

    /// <summary>Length of a mask in words of 64 bits.</summary>
    public int Words => (Size + 63) / 64;

    internal TokenTrie Trie { get; }

    /// <summary>Keeps masks of states that every grammar has, such as the inside of a string.</summary>
    internal TokenAutomaton Shared { get; }

    /// <summary>A token's bytes; empty where it has none.</summary>
    public ReadOnlySpan<byte> BytesOf(int tokenId) => (uint)tokenId < (uint)_bytes.Length ? _bytes[tokenId] : default;

    internal TokenTrie TrieOf(IEnumerable<int> tokenIds) => TokenTrie.Build(tokenIds, id => _bytes[id]!);
}
