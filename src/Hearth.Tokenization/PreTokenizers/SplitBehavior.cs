namespace Hearth.Tokenization;

/// <summary>What becomes of the delimiters a pattern finds. Names as in tokenizer.json.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}
