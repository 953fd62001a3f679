namespace Hearth.Tokenization;

/// <summary>A half-open range [Start, End) of Unicode code points of the text given to the tokenizer.</summary>
public readonly record struct TextRange(int Start, int End);
