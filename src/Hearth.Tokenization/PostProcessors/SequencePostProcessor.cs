namespace Hearth.Tokenization;

internal sealed class SequencePostProcessor(IReadOnlyList<IPostProcessor> steps) : IPostProcessor
{
    public List<EncodedToken> Process(List<EncodedToken> tokens, bool addSpecialTokens) =>
        steps.Aggregate(tokens, (current, step) => step.Process(current, addSpecialTokens));
}
