namespace Hearth.Inference.Tests;

/// <summary>One token from one row of logits.</summary>
internal static class Sampling
{
    /// <summary>The token that the sampler chooses for a sequence with this prompt and completion.</summary>
    public static SampledToken Sample(float[] logits, SamplingOptions options, int top = 0, int[]? prompt = null, int[]? completion = null, int minTokens = 0, int[]? stops = null)
    {
        var scheduler = new Scheduler(new() { PrefixCaching = false }, new BlockPool(16, 4));
        var sequence = new Sequence(0, new()
        {
            PromptTokenIds = prompt ?? [0],
            MaxTokens = 20,
            MinTokens = minTokens,
            StopTokenIds = stops ?? [],
            TopLogprobs = top,
            Sampling = options,
        }, options.Seed ?? 0);
        scheduler.Add(sequence);
        foreach (int token in completion ?? []) scheduler.Commit(scheduler.Schedule(), [new(token, 0, 0, [])]);
        return new Sampler(logits.Length).Sample(logits, scheduler.Schedule(), scheduler.Planned)[0];
    }
}
