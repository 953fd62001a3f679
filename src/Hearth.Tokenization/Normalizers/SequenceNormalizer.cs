namespace Hearth.Tokenization;

internal sealed class SequenceNormalizer(IReadOnlyList<INormalizer> steps) : INormalizer
{
    public TextBuffer Normalize(TextBuffer text) => steps.Aggregate(text, (current, step) => step.Normalize(current));
}
