namespace Hearth.Tokenization;

/// <summary>Token ids and which of them the loss counts.</summary>
/// <param name="Ids">The conversation's tokens.</param>
/// <param name="LossMask">One entry a token: true where the model is trained to have written it.</param>
/// <param name="Turns">Token ranges of all assistant turns, trained or not, in order.</param>
public sealed record MaskedExample(int[] Ids, bool[] LossMask, IReadOnlyList<(int Start, int End)> Turns)
{
    /// <value>The rendered text that was tokenized.</value>
    public string Text { get; init; } = "";

    /// <value>For each token, the code points of <see cref="Text"/> that it stands for.</value>
    public IReadOnlyList<TextRange> Ranges { get; init; } = [];

    /// <summary>How many tokens the loss counts.</summary>
    public int TrainedTokens => LossMask.Count(isTrained => isTrained);

    /// <summary>Whether keeping only the first tokens would lose the end of the last assistant turn.</summary>
    public bool CutsFinalAnswer(int maximumLength) => Turns.Count > 0 && Turns[^1].End > maximumLength;

    /// <summary>The first tokens only. Ask <see cref="CutsFinalAnswer"/> before: an answer without its end teaches not to stop.</summary>
    public MaskedExample Truncate(int maximumLength) => maximumLength >= Ids.Length ? this : new MaskedExample(
        Ids[..maximumLength], LossMask[..maximumLength],
        [.. Turns.Where(turn => turn.Start < maximumLength).Select(turn => (turn.Start, Math.Min(turn.End, maximumLength)))]);
}
