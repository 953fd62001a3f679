namespace Hearth.Inference;

/// <summary>
/// Guesses the next tokens of one sequence. A guess costs time when it is wrong and never changes an answer: every token is sampled from the model as if nobody
/// had guessed, and a guess is used only where it is that token.
/// </summary>
internal interface IDrafter
{
    /// <summary>Writes what may come next.</summary>
    /// <param name="tokens">Prompt and completion so far; it only grows from call to call.</param>
    /// <param name="drafts">As many as are wanted.</param>
    /// <returns>How many were written; 0: no idea.</returns>
    int Propose(ReadOnlySpan<int> tokens, Span<int> drafts);
}
