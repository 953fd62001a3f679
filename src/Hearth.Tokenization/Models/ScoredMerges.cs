namespace Hearth.Tokenization;

/// <summary>
/// SentencePiece's BPE keeps no merges: two neighbours may become any token that is their text, the best score first.
/// Every way to cut a token in two known tokens is therefore a merge.
/// </summary>
internal static class ScoredMerges
{
    public static IEnumerable<(string Left, string Right)> Rank(IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<float> scores) =>
        vocabulary.OrderByDescending(entry => scores[entry.Value]).ThenBy(entry => entry.Value).SelectMany(entry => Cuts(entry.Key, vocabulary));

    private static IEnumerable<(string, string)> Cuts(string token, IReadOnlyDictionary<string, int> vocabulary)
    {
        for (var at = 1; at < token.Length; at++)
        {
            var (left, right) = (token[..at], token[at..]);
            if (vocabulary.ContainsKey(left) && vocabulary.ContainsKey(right)) yield return (left, right);
        }
    }
}
