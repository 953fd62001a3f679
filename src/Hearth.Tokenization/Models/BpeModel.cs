using System.Collections.Concurrent;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// Byte-pair encoding: a piece starts as single characters, and the pair with the best rank is merged until none is
/// left (leftmost first among equals). Words already seen come from a bounded cache. arXiv:1508.07909.
/// </summary>
internal sealed class BpeModel : ITokenModel
{
    private const int CacheCapacity = 1 << 16;
    private const int LongestCachedPiece = 64;

    private readonly Dictionary<string, int> _vocabulary;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> _merges;
    private readonly ConcurrentDictionary<string, Symbol[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Symbol[]>.AlternateLookup<ReadOnlySpan<char>> _cacheLookup;
    private readonly BpeOptions _options;
    private readonly int _unknownId;
    private readonly MergeBoundaries? _boundaries;
    private int _cacheCount;

    /// <param name="vocabulary">Token to id; built with ordinal comparison.</param>
    /// <param name="merges">Pairs in order of rank.</param>
    /// <param name="options">The model's switches.</param>
    public BpeModel(Dictionary<string, int> vocabulary, IEnumerable<(string Left, string Right)> merges, BpeOptions options)
    {
        _vocabulary = vocabulary;
        _lookup = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _cacheLookup = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _options = options;
        _unknownId = options.UnknownToken is { } unknown ? vocabulary.GetValueOrDefault(unknown, -1) : -1;
        // A whole word of the vocabulary, a first or last character's own form: these look at the piece as a whole.
        var looksAtPiece = options.IgnoreMerges || options.ContinuingSubwordPrefix.Length + options.EndOfWordSuffix.Length > 0;
        _boundaries = looksAtPiece ? null : new MergeBoundaries(vocabulary.Keys);
        _merges = RankMerges(merges);
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public void Tokenize(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        while (piece.Length > LongestCachedPiece && _boundaries is not null)
        {
            var part = _boundaries.FirstPart(piece);
            TokenizeWhole(piece[..part], output);
            piece = piece[part..];
        }

        if (piece.Length > 0) TokenizeWhole(piece, output);
    }

    private void TokenizeWhole(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        if (piece.Length > LongestCachedPiece)
        {
            output.AddRange(Compute(piece));
            return;
        }

        if (!_cacheLookup.TryGetValue(piece, out var symbols))
        {
            symbols = Compute(piece);
            if (_cacheCount < CacheCapacity && _cacheLookup.TryAdd(piece, symbols)) Interlocked.Increment(ref _cacheCount);
        }

        output.AddRange(symbols);
    }

    private Dictionary<(int, int), (int, int)> RankMerges(IEnumerable<(string Left, string Right)> merges)
    {
        var ranked = new Dictionary<(int, int), (int, int)>();
        var rank = 0;
        foreach (var (left, right) in merges)
        {
            var merged = left + right[_options.ContinuingSubwordPrefix.Length..];
            _boundaries?.Join(left, right);
            ranked[(IdOf(left), IdOf(right))] = (rank++, IdOf(merged));
        }

        return ranked;
    }

    private int IdOf(string token) => _vocabulary.TryGetValue(token, out var id)
        ? id
        : throw new InvalidDataException($"Tokenizer: the merges use '{token}', which is not in the vocabulary.");

    private Symbol[] Compute(ReadOnlySpan<char> piece)
    {
        if (_options.IgnoreMerges && _lookup.TryGetValue(piece, out var whole))
            return [new Symbol(whole, Encoding.UTF8.GetByteCount(piece))];

        var symbols = new List<Symbol>(piece.Length);
        AddCharacters(piece, symbols);
        return PairMerger.Merge(symbols, _merges);
    }

    private void AddCharacters(ReadOnlySpan<char> piece, List<Symbol> symbols)
    {
        var pendingUnknown = 0; // bytes of unknown characters not written yet
        for (var i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[i..], out var rune, out var used);
            var isKnown = TryGetCharacter(piece.Slice(i, used), i == 0, i + used == piece.Length, out var id);
            if (isKnown)
            {
                FlushUnknown(symbols, ref pendingUnknown);
                symbols.Add(new Symbol(id, rune.Utf8SequenceLength));
            }
            else if (!TryAddBytes(piece.Slice(i, used), i == 0, i + used == piece.Length, symbols) && _options.UnknownToken is not null)
            {
                if (!_options.FuseUnknown) FlushUnknown(symbols, ref pendingUnknown);
                pendingUnknown += rune.Utf8SequenceLength;
            }

            i += used;
        }

        FlushUnknown(symbols, ref pendingUnknown);
    }

    private void FlushUnknown(List<Symbol> symbols, ref int pendingBytes)
    {
        if (pendingBytes == 0) return;
        if (_unknownId < 0)
            throw new InvalidDataException($"Tokenizer: the unknown token '{_options.UnknownToken}' is not in the vocabulary.");
        symbols.Add(new Symbol(_unknownId, pendingBytes));
        pendingBytes = 0;
    }

    private bool TryGetCharacter(ReadOnlySpan<char> character, bool isFirst, bool isLast, out int id) =>
        _options.ContinuingSubwordPrefix.Length + _options.EndOfWordSuffix.Length == 0
            ? _lookup.TryGetValue(character, out id)
            : _vocabulary.TryGetValue(Decorate(character, isFirst, isLast), out id);

    private string Decorate(ReadOnlySpan<char> character, bool isFirst, bool isLast) => string.Concat(
        isFirst ? "" : _options.ContinuingSubwordPrefix, character, isLast ? _options.EndOfWordSuffix : "");

    private bool TryAddBytes(ReadOnlySpan<char> character, bool isFirst, bool isLast, List<Symbol> symbols)
    {
        if (!_options.ByteFallback) return false;
        var before = symbols.Count;
        foreach (var value in Encoding.UTF8.GetBytes(Decorate(character, isFirst, isLast)))
        {
            if (!_vocabulary.TryGetValue($"<0x{value:X2}>", out var id))
            {
                symbols.RemoveRange(before, symbols.Count - before);
                return false;
            }

            symbols.Add(new Symbol(id, 1));
        }

        return true;
    }
}
