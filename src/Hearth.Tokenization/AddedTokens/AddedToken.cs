namespace Hearth.Tokenization;

/// <summary>A token found in the text before the model sees it.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Content">The text it is found by.</param>
/// <param name="IsSpecial">Left out when decoding without special tokens.</param>
/// <param name="IsNormalized">Found after normalisation rather than before.</param>
/// <param name="StripsLeft">Takes the blanks before it.</param>
/// <param name="StripsRight">Takes the blanks behind it.</param>
/// <param name="IsSingleWord">Found only between characters that are no part of a word.</param>
public sealed record AddedToken(
    int Id, string Content, bool IsSpecial, bool IsNormalized = false, bool StripsLeft = false, bool StripsRight = false,
    bool IsSingleWord = false);
