namespace Hearth.Grammars;

/// <summary>
/// What a state allows whatever its callers are: the tokens that stay inside its rules, and the few whose bytes end a rule and go on behind it, for which the
/// callers decide. (The split of context-independent and context-dependent tokens: Dong et al. 2024, arXiv:2411.15100.)
/// </summary>
/// <param name="Words">Bits of the tokens that are always allowed.</param>
/// <param name="Dependent">The tokens that depend.</param>
internal sealed record StackFreeMask(ulong[] Words, TokenTrie Dependent);
