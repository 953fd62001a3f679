namespace Hearth.Tokenization;

/// <summary>"loop" as a value: has the loop's attributes, and can be called in a recursive loop.</summary>
internal sealed record LoopCallable(LoopContext Loop);
