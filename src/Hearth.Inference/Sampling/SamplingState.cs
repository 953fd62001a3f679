using Hearth.Grammars;

namespace Hearth.Inference;

/// <summary>
/// What the choice of a token depends on beside its logits: a function of the tokens before it. Rows of drafts advance it from row to row, before the sequence has
/// their tokens.
/// </summary>
/// <param name="Index">Index of the token in the completion.</param>
/// <param name="SurpriseBound">Mirostat's bound.</param>
/// <param name="Counts">For the penalties; null where there are none.</param>
/// <param name="Grammar">Where the completion stands in its grammar; null where it has none.</param>
internal readonly record struct SamplingState(int Index, double SurpriseBound, TokenCounts? Counts, GrammarState? Grammar = null)
{
    /// <summary>That of a sequence's next token.</summary>
    public static SamplingState Of(Sequence sequence)
    {
        if (!sequence.Options.Sampling.HasPenalties) return new(sequence.CompletionTokens, sequence.SurpriseBound, null, sequence.Grammar);
        var counts = sequence.Counts ??= new(sequence.PromptTokens);
        counts.Update(sequence.Tokens);
        return new(sequence.CompletionTokens, sequence.SurpriseBound, counts, sequence.Grammar);
    }

    /// <summary>That of the token after this one, which the sequence will have for certain.</summary>
    public SamplingState After(in SampledToken token, SamplingOptions options)
    {
        Counts?.Add(token.TokenId);
        return new(Index + 1, Mirostat.NextBound(SurpriseBound, token.Surprise, options), Counts, Grammar?.Advance(token.TokenId));
    }
}
