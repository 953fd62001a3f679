namespace Hearth.Inference;

/// <summary>
/// Follows a text that the caller expects, for example a file that is to be changed a little. After a token that differs it goes on as if that one token had been
/// replaced; where this fails it looks for the last two tokens, first in what is ahead, then in all of the text.
/// </summary>
/// <param name="prediction">The text's token ids.</param>
/// <param name="promptTokens">Where the completion starts.</param>
internal sealed class PredictionDrafter(int[] prediction, int promptTokens) : IDrafter
{
    private readonly int _start = promptTokens;
    private int _read = promptTokens; // tokens of the sequence that were compared
    private int _next; // what is expected
    private bool _isLost, _wasReplaced;

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> drafts)
    {
        for (; _read < tokens.Length; _read++) Follow(tokens[..(_read + 1)]);
        if (_isLost || _next >= prediction.Length) return 0;
        var ahead = prediction.AsSpan(_next);
        // A guess after a replaced token is bold: one token tells.
        int count = Math.Min(_wasReplaced ? 1 : drafts.Length, Math.Min(drafts.Length, ahead.Length));
        ahead[..count].CopyTo(drafts);
        return count;
    }

    private void Follow(ReadOnlySpan<int> tokens)
    {
        bool isExpected = !_isLost && _next < prediction.Length && prediction[_next] == tokens[^1];
        if (isExpected) (_next, _wasReplaced) = (_next + 1, false);
        else if (TryFind(tokens, out int found)) (_next, _isLost, _wasReplaced) = (found, false, false);
        else if (_isLost || _wasReplaced) (_isLost, _wasReplaced) = (true, false);
        else (_next, _wasReplaced) = (_next + 1, true);
    }

    // Behind the last two tokens of the completion.
    private bool TryFind(ReadOnlySpan<int> tokens, out int behind)
    {
        behind = 0;
        if (tokens.Length < _start + 2) return false;
        var wanted = tokens[^2..];
        int from = Math.Min(Math.Max(0, _next - 1), prediction.Length);
        int ahead = prediction.AsSpan(from).IndexOf(wanted);
        int found = ahead >= 0 ? from + ahead : prediction.AsSpan().IndexOf(wanted);
        behind = found + 2;
        return found >= 0;
    }
}
