namespace Hearth.Inference;

/// <summary>How an engine works.</summary>
public sealed record EngineOptions
{
    /// <summary>Limits of a step.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>The model's end-of-sequence ids.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Most choices of a request.</summary>
    public int MaxChoices { get; init; } = 128;

    /// <summary>Most alternatives beside a token.</summary>
    public int MaxTopLogprobs { get; init; } = 20;
}
