using System.ComponentModel.DataAnnotations;

namespace Hearth.Inference;

/// <summary>Limits of a step.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Most tokens that one step computes: long prompts are computed in chunks, so that other sequences go on meanwhile.</summary>
    [Range(1, 1 << 16)] public int TokenBudget { get; init; } = 512;

    /// <summary>Most sequences that run at once.</summary>
    [Range(1, 4096)] public int MaxSequences { get; init; } = 64;

    /// <summary>Most rows of logits in a step: a row has the size of the vocabulary.</summary>
    [Range(1, 1 << 16)] public int LogitRows { get; init; } = 256;

    /// <summary>Most tokens of one sequence in a step; 0: no limit but the budget.</summary>
    [Range(0, 1 << 16)] public int MaxChunk { get; init; }

    /// <summary>
    /// Rows up to which a step has drafts, those that every sequence has anyway included. With few rows a step waits for memory, so that drafts are nearly free;
    /// with many, each costs what it may save.
    /// </summary>
    [Range(0, 1 << 16)] public int DraftRows { get; init; } = 16;

    /// <summary>Finds computed prefixes again.</summary>
    public bool PrefixCaching { get; init; } = true;

    /// <exception cref="ArgumentException">A limit is out of range, or too low for the number of sequences.</exception>
    internal void Validate()
    {
        if (MaxSequences < 1) throw new ArgumentException($"SchedulerOptions: MaxSequences is {MaxSequences}, expected 1 or more.");
        if (TokenBudget < MaxSequences) throw new ArgumentException($"SchedulerOptions: TokenBudget is {TokenBudget}, expected at least MaxSequences ({MaxSequences}): each takes a token a step.");
        if (LogitRows < MaxSequences) throw new ArgumentException($"SchedulerOptions: LogitRows is {LogitRows}, expected at least MaxSequences ({MaxSequences}): each takes a row a step.");
        if (MaxChunk < 0) throw new ArgumentException($"SchedulerOptions: MaxChunk is {MaxChunk}, expected 0 (no limit) or more.");
    }
}
