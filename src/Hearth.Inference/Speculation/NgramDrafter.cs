namespace Hearth.Inference;

/// <summary>
/// Prompt lookup: where the last tokens stood before, in the prompt or the completion, what followed there may follow again. Takes the longest such ending.
/// </summary>
/// <param name="shortest">Fewest tokens that must agree.</param>
internal sealed class NgramDrafter(int shortest = 3) : IDrafter
{
    private readonly SuffixAutomaton _seen = new();

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> drafts)
    {
        while (_seen.Count < tokens.Length) _seen.Add(tokens[_seen.Count]);
        if (_seen.MatchLength < shortest) return 0;
        // Where the earlier place is so close that its continuation runs into the end, the text repeats itself: the drafts do so, too.
        int period = tokens.Length - _seen.MatchEnd;
        for (int i = 0; i < drafts.Length; i++) drafts[i] = i < period ? tokens[_seen.MatchEnd + i] : drafts[i - period];
        return drafts.Length;
    }
}
