namespace Hearth.Tokenization;

/// <summary>Finds the merges: counts pairs over distinct words and updates only the words a merge touches.</summary>
internal sealed class MergeLearner
{
    private readonly List<string> _vocabulary;
    private readonly List<(List<int> Ids, long Count)> _words = [];
    private readonly Dictionary<string, int> _idOf = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Left, int Right), long> _pairCounts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _wordsWith = [];

    /// <param name="wordCounts">Words in byte characters, and how often each was seen.</param>
    /// <param name="vocabulary">Special tokens and the byte characters; learned tokens are appended.</param>
    public MergeLearner(IReadOnlyDictionary<string, long> wordCounts, List<string> vocabulary)
    {
        _vocabulary = vocabulary;
        for (var id = 0; id < vocabulary.Count; id++) _idOf.Add(vocabulary[id], id);
        foreach (var (word, count) in wordCounts.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            _words.Add(([.. word.Select(unit => _idOf[unit.ToString()])], count));
            Count(_words.Count - 1, sign: 1);
        }
    }

    public List<(string Left, string Right)> Learn(int vocabularySize, long minimumFrequency)
    {
        var merges = new List<(string, string)>();
        while (_vocabulary.Count < vocabularySize && TryFindBest(out var best) && _pairCounts[best] >= minimumFrequency)
        {
            var (left, right) = (_vocabulary[best.Left], _vocabulary[best.Right]);
            merges.Add((left, right));
            var merged = IdOf(left + right);
            foreach (var word in _wordsWith[best].ToArray()) Apply(word, best, merged);
        }

        return merges;
    }

    /// <summary>The most frequent pair; among equals the one with the smaller ids, so that runs repeat.</summary>
    private bool TryFindBest(out (int Left, int Right) best)
    {
        best = default;
        long bestCount = 0;
        foreach (var (pair, count) in _pairCounts)
        {
            if (count < bestCount || (count == bestCount && pair.CompareTo(best) >= 0)) continue;
            (best, bestCount) = (pair, count);
        }

        return bestCount > 0;
    }

    // Two pairs may make one text ("a" + "bc", "ab" + "c"): the token keeps its first id.
    private int IdOf(string text)
    {
        if (_idOf.TryGetValue(text, out var id)) return id;
        _idOf.Add(text, id = _vocabulary.Count);
        _vocabulary.Add(text);
        return id;
    }

    private void Apply(int word, (int Left, int Right) pair, int merged)
    {
        Count(word, sign: -1);
        var ids = _words[word].Ids;
        for (var i = 0; i + 1 < ids.Count; i++)
        {
            if (ids[i] != pair.Left || ids[i + 1] != pair.Right) continue;
            ids[i] = merged;
            ids.RemoveAt(i + 1);
        }

        Count(word, sign: 1);
    }

    private void Count(int word, int sign)
    {
        var (ids, count) = _words[word];
        for (var i = 0; i + 1 < ids.Count; i++)
        {
            var pair = (ids[i], ids[i + 1]);
            var total = _pairCounts.GetValueOrDefault(pair) + sign * count;
            if (total == 0) _pairCounts.Remove(pair);
            else _pairCounts[pair] = total;
            if (!_wordsWith.TryGetValue(pair, out var words)) _wordsWith[pair] = words = [];
            if (sign > 0) words.Add(word);
            else words.Remove(word);
        }
    }
}
