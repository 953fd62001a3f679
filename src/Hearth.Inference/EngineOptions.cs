namespace Hearth.Inference;

/// <summary>How an engine works.</summary>
public sealed record EngineOptions
{
    /// <summary>Limits of a step.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>Most requests that wait to be begun. An account may have as many as are left for others.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>A request that was not begun within this time fails.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The model's end-of-sequence ids.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Most tokens at a time that are guessed from repetitions; 0: none. Requests may differ.</summary>
    public int NgramDrafts { get; init; }

    /// <summary>Most tokens of a request's predicted output.</summary>
    public int MaxPredictedTokens { get; init; } = 1 << 17;

    /// <summary>Most choices of a request.</summary>
    public int MaxChoices { get; init; } = 128;

    /// <summary>Most alternatives beside a token.</summary>
    public int MaxTopLogprobs { get; init; } = 20;

    /// <summary>Adds up where the time of steps goes; null: nothing is measured.</summary>
    public Hearth.Numerics.StepTrace? Trace { get; init; }
}
