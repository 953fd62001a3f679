using System.Runtime.CompilerServices;
using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>Turns the engine's tokens into the events of one request: text, token ids, logprobs, finish reasons, usage.</summary>
/// <remarks>A stop token counts as generated and is among the token ids and logprobs, but not in the text; a stop string is in neither.</remarks>
internal sealed class GenerationStream(GenerationHandle handle, Tokenizer tokenizer, GenerationRequest request)
{
    private readonly TextStream[] texts = [.. Enumerable.Range(0, handle.Options.Choices).Select(_ => CreateText(tokenizer, request.Stop, handle.Options.MinTokens))];
    private readonly bool[] begun = new bool[handle.Options.Choices], ended = new bool[handle.Options.Choices];
    private readonly List<int>[] generatedIds = [.. Enumerable.Range(0, handle.Options.Choices).Select(_ => new List<int>())];

    private bool WithLogprobs => request.TopLogprobs is not null;

    /// <summary>The events, in the order in which the engine made their tokens. Leaving the loop gives the rest up.</summary>
    public async IAsyncEnumerable<GenerationEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isFirst = true;
        var (open, delivered) = (ended.Length, 0);
        await foreach (var step in handle.ReadAllAsync(cancellationToken))
        {
            if (ended[step.Choice]) continue;
            if (step.TokenId is not null) delivered++;
            var generated = EventOf(step);
            if (isFirst) generated = WithRequestFacts(generated);
            isFirst = false;
            if (!begun[step.Choice] && request.EchoLast > 0) generated = await WithEchoAsync(generated);
            begun[step.Choice] = true;
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
            yield return generated with { Usage = await UsageAsync(delivered), Times = EngineFigures.Of(handle.Times) };
            yield break;
        }
    }

    // The engine may have run a few tokens beyond a stop string: they are nobody's.
    private async Task<GenerationUsage> UsageAsync(int delivered)
    {
        var usage = await handle.Usage;
        return new GenerationUsage(usage.PromptTokens, delivered, usage.CachedPromptTokens)
        {
            PredictionTokens = request.Prediction is null && request.PredictionTokenIds is null ? null : handle.Options.PredictedTokenIds?.Count ?? 0,
            DraftTokens = (int)usage.Drafts.Proposed,
            AcceptedDraftTokens = (int)usage.Drafts.Accepted,
            PredictedDraftTokens = (int)usage.Drafts.Predicted,
            AcceptedPredictedTokens = (int)usage.Drafts.AcceptedPredicted,
        };
    }

    private GenerationEvent WithRequestFacts(GenerationEvent first)
    {
        var sampling = handle.Options.Sampling;
        return first with
        {
            PromptTokenIds = handle.Options.PromptTokenIds,
            RawPrompt = request.RawOutput ? tokenizer.Decode([.. handle.Options.PromptTokenIds]) : null,
            Sampling = new(sampling.Temperature, sampling.TopP, sampling.TopK, sampling.MinP, sampling.RepetitionPenalty, sampling.FrequencyPenalty, sampling.PresencePenalty,
                sampling.TypicalP, sampling.MirostatTarget, sampling.MirostatTarget is null ? null : sampling.MirostatRate),
        };
    }

    /// <summary>The prompt's last tokens come before the choice's own.</summary>
    private async ValueTask<GenerationEvent> WithEchoAsync(GenerationEvent first)
    {
        var prompt = handle.Options.PromptTokenIds;
        var echoed = prompt.Skip(Math.Max(0, prompt.Count - request.EchoLast)).ToArray();
        var text = tokenizer.Decode(echoed) + first.Text;
        if (!WithLogprobs) return first with { Text = text };
        var scored = await handle.PromptTokens;
        return first with
        {
            Text = text,
            Logprobs = [.. scored.Skip(prompt.Count - echoed.Length).Select(LogprobOf), .. first.Logprobs ?? []],
        };
    }

    private GenerationEvent EventOf(TokenStep step)
    {
        var text = texts[step.Choice];
        var isStopToken = step.FinishReason == Inference.FinishReason.Stop;
        var piece = step.TokenId is { } id && !isStopToken ? text.Push(id) : "";
        if (step.FinishReason is not null) piece += text.Finish();
        if (request.RawOutput && step.TokenId is { } made) generatedIds[step.Choice].Add(made);
        var finish = text.StoppedBy is not null ? "stop" : NameOf(step);
        return new GenerationEvent
        {
            Choice = step.Choice,
            Text = piece,
            TokenIds = step.TokenId is { } tokenId ? [tokenId] : [],
            Logprobs = WithLogprobs && step.TokenId is not null ? [LogprobOf(step)] : null,
            FinishReason = finish,
            StopSequence = text.StoppedBy,
            RawText = request.RawOutput && finish is not null ? tokenizer.Decode([.. generatedIds[step.Choice]]) : null,
        };
    }

    private TokenLogprob LogprobOf(TokenStep step) => new(
        step.TokenId!.Value, TextOf(step.TokenId.Value), step.Logprob, step.SamplingLogprob, [.. step.Top.Select(AlternativeOf)])
    {
        Part = PartOf(step.TokenId.Value),
    };

    // Nothing comes before the first token: it has no probability, which the wire, having numbers only, spells 0.
    private TokenLogprob LogprobOf(PromptToken token) => new(
        token.TokenId, TextOf(token.TokenId), token.Logprob ?? 0, token.Logprob ?? 0, [.. token.Top.Select(AlternativeOf)])
    {
        Part = PartOf(token.TokenId),
    };

    private TokenAlternative AlternativeOf(ScoredToken top) =>
        new(top.TokenId, TextOf(top.TokenId), top.Logprob) { SamplingLogprob = float.IsFinite(top.SamplingLogprob) ? top.SamplingLogprob : null, Part = PartOf(top.TokenId) };

    private string TextOf(int tokenId) => tokenizer.Decode([tokenId]);

    private byte[]? PartOf(int tokenId) => TextOf(tokenId).Contains('\uFFFD') ? tokenizer.TokenBytes(tokenId) : null;

    private static string? NameOf(TokenStep step) => step.FinishReason switch
    {
        null => null,
        Inference.FinishReason.Length => "length",
        Inference.FinishReason.Error when step.Fault is { } fault => throw new ReplicaRequestException("INVALID_ARGUMENT", fault) { Param = "response_format" },
        Inference.FinishReason.Error => throw new ReplicaRequestException("INTERNAL", "The model gave a value that is not a number."),
        _ => "stop",
    };

    private static TextStream CreateText(Tokenizer tokenizer, IReadOnlyList<string> stops, int minTokens)
    {
        var decoder = tokenizer.CreateDecodeStream(skipSpecial: true);
        return new TextStream(decoder.Add, decoder.Flush, stops, minTokens);
    }
}
