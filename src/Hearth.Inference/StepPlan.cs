using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Hearth.Inference;

/// <summary>
/// What one engine step computes, as a value: which sequences, how many tokens of each, in which blocks, and which rows of logits are wanted.
/// The rows of all sequences are concatenated: T new tokens, sequence after sequence.
/// </summary>
public sealed record StepPlan
{
    /// <summary>Number of the step.</summary>
    public required long Step { get; init; }

    /// <summary>The sequences, in order of arrival.</summary>
    public required ImmutableArray<ScheduledSequence> Sequences { get; init; }

    /// <summary>Token ids, [T].</summary>
    public required ImmutableArray<int> TokenIds { get; init; }

    /// <summary>Positions in their sequences, [T].</summary>
    public required ImmutableArray<int> Positions { get; init; }

    /// <summary>The sequences' block ids, concatenated.</summary>
    public required ImmutableArray<int> BlockTable { get; init; }

    /// <summary>The rows whose logits are wanted, ascending.</summary>
    public required ImmutableArray<LogitRow> Rows { get; init; }

    /// <summary>Block contents to copy before anything is computed, one after the other.</summary>
    public required ImmutableArray<BlockCopy> Copies { get; init; }

    /// <summary>Number of <see cref="SampledToken"/> values that the rows give.</summary>
    public required int Samples { get; init; }

    /// <summary>New tokens, T.</summary>
    public int Tokens => TokenIds.Length;

    /// <summary>Writes down what the scheduler decided. The sequences must have their blocks.</summary>
    internal static StepPlan Create(long step, List<(Sequence Sequence, int Count)> scheduled, List<BlockCopy> copies)
    {
        int tokens = 0, tableLength = 0, rowCount = 0;
        foreach (var (sequence, count) in scheduled)
        {
            tokens += count;
            tableLength += sequence.Blocks.Count;
            rowCount += sequence.RowsIn(count);
        }
        var sequences = new ScheduledSequence[scheduled.Count];
        int[] tokenIds = new int[tokens], positions = new int[tokens], table = new int[tableLength];
        var rows = new LogitRow[rowCount];
        int row = 0, tableStart = 0, logitRow = 0, samples = 0;
        for (int i = 0; i < sequences.Length; i++)
        {
            var (sequence, count) = scheduled[i];
            int first = sequence.ComputedTokens;
            sequences[i] = new(sequence, row, count, first, tableStart, sequence.Blocks.Count);
            sequence.Tokens.Slice(first, count).CopyTo(tokenIds.AsSpan(row));
            sequence.Blocks.Span.CopyTo(table.AsSpan(tableStart));
            for (int t = 0; t < count; t++) positions[row + t] = first + t;
            int firstScored = Math.Max(first, sequence.ScoredFrom);
            for (int position = firstScored; position < firstScored + sequence.RowsIn(count); position++)
            {
                // The last row chooses a token for every choice that starts from it; the rows before it score the prompt's own tokens.
                int choices = position == sequence.TotalTokens - 1 ? sequence.PendingChoices + 1 : 0;
                rows[logitRow++] = new(i, row + position - first, position, choices, samples);
                samples += Math.Max(1, choices);
            }
            row += count;
            tableStart += sequence.Blocks.Count;
        }
        return new()
        {
            Step = step,
            Sequences = ImmutableCollectionsMarshal.AsImmutableArray(sequences),
            TokenIds = ImmutableCollectionsMarshal.AsImmutableArray(tokenIds),
            Positions = ImmutableCollectionsMarshal.AsImmutableArray(positions),
            BlockTable = ImmutableCollectionsMarshal.AsImmutableArray(table),
            Rows = ImmutableCollectionsMarshal.AsImmutableArray(rows),
            Copies = [.. copies],
            Samples = samples,
        };
    }
}

/// <summary>The part of a step that one sequence has.</summary>
/// <param name="Sequence">The sequence.</param>
/// <param name="FirstRow">Its first row among the T new tokens.</param>
/// <param name="Count">Its new tokens.</param>
/// <param name="FirstPosition">Position of the first one.</param>
/// <param name="TableStart">Where its blocks start in <see cref="StepPlan.BlockTable"/>.</param>
/// <param name="TableCount">Number of its blocks.</param>
public readonly record struct ScheduledSequence(Sequence Sequence, int FirstRow, int Count, int FirstPosition, int TableStart, int TableCount);

/// <summary>A row of logits.</summary>
/// <param name="SequenceIndex">Index in <see cref="StepPlan.Sequences"/>.</param>
/// <param name="Row">Row among the T new tokens.</param>
/// <param name="Position">Position of the row's token; the logits are of the token after it.</param>
/// <param name="Choices">Tokens to sample from it; 0: the next token is given and only scored.</param>
/// <param name="FirstSample">Index of its first result.</param>
public readonly record struct LogitRow(int SequenceIndex, int Row, int Position, int Choices, int FirstSample);

/// <summary>Copies the keys and values of a block, in all layers.</summary>
public readonly record struct BlockCopy(int From, int To);
