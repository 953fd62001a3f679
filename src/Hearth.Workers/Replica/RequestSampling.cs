using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>How the tokens of a request are chosen: what the caller leaves open follows the publisher's advice, then OpenAI's defaults.</summary>
internal static class RequestSampling
{
    /// <summary>What callers mean by a top_p or typical_p of 0: a single token.</summary>
    private const double SmallestShare = 1e-9;

    /// <summary>The sampling of a request to a model with this advice.</summary>
    /// <remarks>Mirostat steers by a cut of its own. Others would stand in its way, so that only those apply beside it which the caller names.</remarks>
    public static SamplingOptions Of(GenerationRequest request, GenerationConfiguration advice)
    {
        var cuts = request.MirostatTarget is null ? advice : new();
        return new()
        {
            Temperature = request.Temperature ?? advice.Temperature ?? 1,
            TopP = Math.Max(request.TopP ?? cuts.TopP ?? 1, SmallestShare),
            TopK = request.TopK ?? cuts.TopK ?? 0,
            MinP = request.MinP ?? cuts.MinP ?? 0,
            TypicalP = Math.Max(request.TypicalP ?? cuts.TypicalP ?? 1, SmallestShare),
            MirostatTarget = request.MirostatTarget,
            MirostatRate = request.MirostatRate ?? SamplingOptions.Greedy.MirostatRate,
            RepetitionPenalty = request.RepetitionPenalty ?? advice.RepetitionPenalty ?? 1,
            FrequencyPenalty = request.FrequencyPenalty ?? advice.FrequencyPenalty ?? 0,
            PresencePenalty = request.PresencePenalty ?? advice.PresencePenalty ?? 0,
            LogitBias = request.LogitBias,
            Seed = request.Seed is { } seed ? unchecked((ulong)seed) : null,
        };
    }
}
