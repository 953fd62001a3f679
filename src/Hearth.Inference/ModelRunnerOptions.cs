namespace Hearth.Inference;

/// <summary>What a <see cref="ModelRunner"/> may use.</summary>
public sealed record ModelRunnerOptions
{
    /// <summary>Positions that the KV cache holds, over all sequences; rounded up to whole blocks. Their bytes: <c>KvCache.BytesPerBlock</c> / 64 each.</summary>
    public int CacheTokens { get; init; } = 16384;

    /// <summary>Most positions of one sequence; null: what the model was made for.</summary>
    public int? MaxContext { get; init; }

    /// <summary>Compute threads; null: one a processor, or <c>HEARTH_THREADS</c>.</summary>
    public int? Threads { get; init; }

    /// <summary>Adds up where the time of steps goes; null: nothing is measured. The engine's options take the same one.</summary>
    public Hearth.Numerics.StepTrace? Trace { get; init; }
}
