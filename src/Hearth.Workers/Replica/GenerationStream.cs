using System.Runtime.CompilerServices;
using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>Turns the engine's tokens into the events of one request: text, token ids, logprobs, finish reasons, usage.</summary>
/// <remarks>A stop token counts as generated and is among the token ids and logprobs, but not in the text; a stop string is in neither.</remarks>
internal sealed class GenerationStream(GenerationHandle handle, Tokenizer tokenizer, IReadOnlyList<string> stops, bool withLogprobs)
{
    private readonly TextStream[] texts = [.. Enumerable.Range(0, handle.Options.Choices).Select(_ => CreateText(tokenizer, stops))];
    private readonly bool[] ended = new bool[handle.Options.Choices];

    /// <summary>The events, in the order in which the engine made their tokens. Leaving the loop gives the rest up.</summary>
    public async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isFirst = true;
        var open = ended.Length;
        await foreach (var step in handle.ReadAllAsync(cancellationToken))
        {
            if (ended[step.Choice]) continue;
            var generated = EventOf(step);
            if (isFirst) generated = generated with { PromptTokenIds = handle.Options.PromptTokenIds };
            isFirst = false;
            if (generated.FinishReason is not null)
            {
                ended[step.Choice] = true;
                open--;
                if (step.FinishReason is null) handle.Cancel(step.Choice);
            }
            if (open > 0)
            {
                yield return generated;
                continue;
            }
            yield return generated with { Usage = await UsageAsync() };
            yield break;
        }
    }

    private async Task<GenerationUsage> UsageAsync()
    {
        var usage = await handle.Usage;
        return new GenerationUsage(usage.PromptTokens, usage.CompletionTokens, usage.CachedPromptTokens);
    }

    private GenerationEvent EventOf(TokenStep step)
    {
        var text = texts[step.Choice];
        var isStopToken = step.FinishReason == Inference.FinishReason.Stop;
        var piece = step.TokenId is { } id && !isStopToken ? text.Push(id) : "";
        if (step.FinishReason is not null) piece += text.Finish();
        return new GenerationEvent
        {
            Choice = step.Choice,
            Text = piece,
            TokenIds = step.TokenId is { } tokenId ? [tokenId] : [],
            Logprobs = withLogprobs && step.TokenId is not null ? [LogprobOf(step)] : null,
            FinishReason = text.StoppedBy is not null ? "stop" : NameOf(step.FinishReason),
        };
    }

    private TokenLogprob LogprobOf(TokenStep step) => new(
        step.TokenId!.Value, TextOf(step.TokenId.Value), step.Logprob, step.SamplingLogprob,
        [.. step.Top.Select(top => new TokenAlternative(top.TokenId, TextOf(top.TokenId), top.Logprob))]);

    private string TextOf(int tokenId) => tokenizer.Decode([tokenId]);

    private static string? NameOf(FinishReason? reason) => reason switch
    {
        null => null,
        Inference.FinishReason.Length => "length",
        Inference.FinishReason.Error => throw new ReplicaRequestException("INTERNAL", "The model gave a value that is not a number."),
        _ => "stop",
    };

    private static TextStream CreateText(Tokenizer tokenizer, IReadOnlyList<string> stops)
    {
        var decoder = tokenizer.CreateDecodeStream(skipSpecial: true);
        return new TextStream(decoder.Add, decoder.Flush, stops);
    }
}
