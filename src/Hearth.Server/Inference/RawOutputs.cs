using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Gathers <c>raw_output</c> of a request's choices as their events go by.</summary>
internal sealed class RawOutputs(int choices, int choicesPerPrompt)
{
    private readonly List<int>[] _tokenIds = [.. Enumerable.Range(0, choices).Select(_ => new List<int>())];
    private readonly List<TokenLogprob>?[] _logprobs = new List<TokenLogprob>?[choices];
    private readonly GenerationEvent?[] _prompts = new GenerationEvent?[choices / choicesPerPrompt];

    /// <summary>The choice's raw output with its last event; null before.</summary>
    public RawOutput? Take(GenerationEvent part)
    {
        var prompt = part.Choice / choicesPerPrompt;
        if (part.RawPrompt is not null) _prompts[prompt] = part;
        _tokenIds[part.Choice].AddRange(part.TokenIds);
        // An echoed prompt's logprobs come first: only the completion's own belong here.
        if (part.Logprobs is { } logprobs) (_logprobs[part.Choice] ??= []).AddRange(logprobs.Skip(logprobs.Count - part.TokenIds.Count));
        return part.RawText is null ? null : new()
        {
            PromptFragments = [_prompts[prompt]?.RawPrompt ?? ""],
            PromptTokenIds = _prompts[prompt]?.PromptTokenIds ?? [],
            Completion = part.RawText,
            CompletionTokenIds = _tokenIds[part.Choice],
            CompletionLogprobs = (ContentLogprobs?)new LogprobsWriter(legacy: false).Write(_logprobs[part.Choice]),
        };
    }
}
