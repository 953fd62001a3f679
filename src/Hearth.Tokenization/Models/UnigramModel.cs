using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// The cut of a piece with the highest sum of scores, found from left to right; unknown characters next to each other are
/// one token. arXiv:1804.10959. Sums are doubles, and a later candidate wins only if it is strictly better.
/// </summary>
internal sealed class UnigramModel : ITokenModel
{
    private const double UnknownPenalty = 10; // sentencepiece, unigram_model.cc, kUnkPenalty
    private readonly Dictionary<string, int> _vocabulary = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly double[] _scores;
    private readonly int? _unknownId;
    private readonly bool _byteFallback;
    private readonly double _unknownScore;
    private readonly int _longest;

    private record struct Step(int Start, int Id, double Score);

    public UnigramModel(IReadOnlyList<(string Text, double Score)> tokens, int? unknownId, bool byteFallback)
    {
        for (var id = 0; id < tokens.Count; id++) _vocabulary[tokens[id].Text] = id;
        _lookup = _vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _scores = [.. tokens.Select(token => token.Score)];
        (_unknownId, _byteFallback) = (unknownId, byteFallback);
        _unknownScore = _scores.DefaultIfEmpty(0).Min() - UnknownPenalty;
        _longest = tokens.Select(token => token.Text.Length).DefaultIfEmpty(0).Max();
    }

    public IReadOnlyDictionary<string, int> Vocabulary => _vocabulary;

    public void Tokenize(ReadOnlySpan<char> piece, List<Symbol> output)
    {
        var steps = FindBestPath(piece);
        var cuts = new List<(int Start, int End, int Id)>();
        for (var end = piece.Length; end > 0; end = steps[end].Start)
        {
            var isFused = steps[end].Id == _unknownId && cuts.Count > 0 && cuts[^1].Id == _unknownId;
            if (isFused) cuts[^1] = cuts[^1] with { Start = steps[end].Start };
            else cuts.Add((steps[end].Start, end, steps[end].Id));
        }

        for (var i = cuts.Count - 1; i >= 0; i--) Add(piece[cuts[i].Start..cuts[i].End], cuts[i].Id, output);
    }

    /// <summary>For every end of a prefix, the last token of its best cut. Start is -1 where no cut ends.</summary>
    private Step[] FindBestPath(ReadOnlySpan<char> piece)
    {
        var steps = new Step[piece.Length + 1];
        Array.Fill(steps, new Step(-1, 0, 0));
        for (var start = 0; start < piece.Length;)
        {
            var score = steps[start].Score;
            var single = char.IsHighSurrogate(piece[start]) && start + 1 < piece.Length ? 2 : 1;
            var hasSingle = false;
            for (var length = 1; length <= Math.Min(_longest, piece.Length - start); length++)
            {
                if (!_lookup.TryGetValue(piece.Slice(start, length), out var id)) continue;
                Offer(ref steps[start + length], start, id, score + _scores[id]);
                hasSingle |= length == single;
            }

            if (!hasSingle) Offer(ref steps[start + single], start, Unknown(piece), score + _unknownScore);
            start += single;
        }

        return steps;
    }

    private static void Offer(ref Step step, int start, int id, double score)
    {
        if (step.Start < 0 || score > step.Score) step = new Step(start, id, score);
    }

    private int Unknown(ReadOnlySpan<char> piece) => _unknownId
        ?? throw new InvalidDataException($"Tokenizer: '{piece}' has unknown characters, and the model has no unknown token.");

    private void Add(ReadOnlySpan<char> text, int id, List<Symbol> output)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (id != _unknownId || !_byteFallback || !TryAddBytes(text, bytes, output)) output.Add(new Symbol(id, bytes));
    }

    private bool TryAddBytes(ReadOnlySpan<char> text, int length, List<Symbol> output)
    {
        var utf8 = new byte[length];
        Encoding.UTF8.GetBytes(text, utf8);
        var ids = new int[length];
        for (var i = 0; i < length; i++)
            if (!_vocabulary.TryGetValue($"<0x{utf8[i]:X2}>", out ids[i])) return false;
        for (var i = 0; i < length; i++) output.Add(new Symbol(ids[i], i == 0 ? length : 0, SharesRange: i > 0));
        return true;
    }
}
