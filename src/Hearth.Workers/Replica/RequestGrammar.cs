using Hearth.ControlPlane;
using Hearth.Grammars;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>The grammar that a request's answer is held to: compiled away from the engine's thread, kept for requests with the same schema.</summary>
/// <param name="tokenizer">The model's.</param>
/// <param name="vocabularySize">Of its logits.</param>
internal sealed class RequestGrammar(Tokenizer tokenizer, int vocabularySize)
{
    // Most replicas are never asked for one: the vocabulary is read with the first.
    private readonly Lazy<GrammarCache> cache = new(() => new(new TokenVocabulary(tokenizer.VocabularyBytes(), vocabularySize)));

    /// <summary>The automaton of the request's schema; null where it has none.</summary>
    /// <exception cref="ReplicaRequestException">The schema cannot be compiled, or the tokenizer's text is not bytes one after the other.</exception>
    public async ValueTask<TokenAutomaton?> OfAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        if (request.JsonSchema is not { } schema) return null;
        try
        {
            return await cache.Value.OfJsonSchemaAsync(schema, cancellationToken);
        }
        catch (GrammarException e)
        {
            throw Refused("INVALID_ARGUMENT", e.Path is null ? e.Message : $"The schema is refused at '#{e.Path}': {e.Message}");
        }
        catch (NotSupportedException e)
        {
            throw Refused("UNIMPLEMENTED", e.Message);
        }
    }

    private static ReplicaRequestException Refused(string code, string message) => new(code, message) { Param = "response_format" };
}
