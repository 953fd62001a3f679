namespace Hearth.Tokenization;

/// <summary>One token of an encoded text.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Range">The code points it stands for; empty at 0 for a token the tokenizer added.</param>
/// <param name="TypeId">Which text of a pair it belongs to, as the file's post-processor says.</param>
/// <param name="IsAdded">True when the post-processor put it there.</param>
/// <param name="MatchedText">What an added token matched, with the blanks it took in; null for all others.</param>
public readonly record struct EncodedToken(
    int Id, TextRange Range, int TypeId = 0, bool IsAdded = false, string? MatchedText = null);
