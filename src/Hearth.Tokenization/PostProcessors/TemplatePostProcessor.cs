namespace Hearth.Tokenization;

/// <summary>Frames a text with special tokens after a template such as [CLS] $A [SEP].</summary>
internal sealed class TemplatePostProcessor(IReadOnlyList<TemplatePostProcessor.Part> parts) : IPostProcessor
{
    /// <summary>The text itself (Ids null) or special tokens.</summary>
    internal sealed record Part(int[]? Ids, int TypeId);

    public List<EncodedToken> Process(List<EncodedToken> tokens, bool addSpecialTokens)
    {
        if (!addSpecialTokens) return tokens;

        var framed = new List<EncodedToken>(tokens.Count + parts.Count);
        foreach (var part in parts)
        {
            if (part.Ids is null) framed.AddRange(tokens.Select(token => token with { TypeId = part.TypeId }));
            else framed.AddRange(part.Ids.Select(id => new EncodedToken(id, default, part.TypeId, IsAdded: true)));
        }

        return framed;
    }
}
