namespace Hearth.Inference;

/// <summary>
/// How many tokens one drafter may propose at a time. Doubles while all are right, shrinks to what was right, and after proposals that were all wrong
/// pauses ever longer, so that text which nobody can guess costs next to nothing.
/// </summary>
/// <param name="most">Never more.</param>
internal struct DraftLength(int most)
{
    private const int LongestPause = 256;

    private int _length = Math.Min(most, 4), _misses, _resumeAt;

    /// <summary>Most drafts now.</summary>
    /// <param name="totalTokens">Tokens of the sequence: pauses are counted in them.</param>
    public readonly int At(int totalTokens) => totalTokens < _resumeAt ? 0 : _length;

    /// <summary>Takes note of what became of a proposal.</summary>
    /// <param name="proposed">Drafts that were computed.</param>
    /// <param name="accepted">How many of them were right.</param>
    /// <param name="totalTokens">Tokens of the sequence after it.</param>
    public void Learn(int proposed, int accepted, int totalTokens)
    {
        if (accepted == proposed) _length = Math.Min(most, Math.Max(_length, 2 * proposed));
        else if (accepted > 0) _length = Math.Min(most, accepted + 1);
        else _length = 1;
        _misses = accepted > 0 ? 0 : _misses + 1;
        if (_misses > 0) _resumeAt = totalTokens + Math.Min(LongestPause, 1 << (2 * Math.Min(_misses, 4)));
    }
}
