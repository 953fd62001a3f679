using System.Text;

namespace Hearth.Inference;

/// <summary>
/// What one engine step computes, as a value: ids and data, no queue and no weight. Which sequences, how many tokens of each, in which blocks, and which
/// rows of logits are wanted. The rows of all sequences are concatenated: T new tokens, sequence after sequence. Plans with equal content are equal.
/// </summary>
/// <remarks>The scheduler fills the same memory at every step: a plan holds until the next one is made. <see cref="Copy"/> keeps it.</remarks>
public sealed class StepPlan : IEquatable<StepPlan>
{
    private readonly Pooled<ScheduledSequence> _sequences = new();
    private readonly Pooled<int> _tokenIds = new(), _positions = new(), _blockTable = new();
    private readonly Pooled<LogitRow> _rows = new();
    private readonly Pooled<BlockCopy> _copies = new();

    /// <summary>A plan without work.</summary>
    internal StepPlan()
    {
    }

    /// <summary>Number of the step.</summary>
    public long Step { get; private set; }

    /// <summary>The sequences' parts; their rows follow one another.</summary>
    public ReadOnlySpan<ScheduledSequence> Sequences => _sequences.Span;

    /// <summary>Token ids, [T].</summary>
    public ReadOnlySpan<int> TokenIds => _tokenIds.Span;

    /// <summary>Positions in their sequences, [T].</summary>
    public ReadOnlySpan<int> Positions => _positions.Span;

    /// <summary>The sequences' block ids, concatenated.</summary>
    public ReadOnlySpan<int> BlockTable => _blockTable.Span;

    /// <summary>The rows whose logits are wanted, ascending.</summary>
    public ReadOnlySpan<LogitRow> Rows => _rows.Span;

    /// <summary>Block contents to copy before anything is computed, one after the other.</summary>
    public ReadOnlySpan<BlockCopy> Copies => _copies.Span;

    /// <summary>Number of <see cref="SampledToken"/> values that the rows give.</summary>
    public int Samples { get; private set; }

    /// <summary>New tokens, T.</summary>
    public int Tokens => TokenIds.Length;

    /// <summary>True where the row after row <paramref name="index"/> was computed for the token that this one gave: the draft was right.</summary>
    public bool IsNextRowOf(int index, int tokenId) => TokenIds[Rows[index].Row + 1] == tokenId;

    /// <summary>The same plan in memory of its own.</summary>
    public StepPlan Copy()
    {
        var copy = new StepPlan { Step = Step, Samples = Samples };
        copy._sequences.Add(Sequences);
        copy._tokenIds.Add(TokenIds);
        copy._positions.Add(Positions);
        copy._blockTable.Add(BlockTable);
        copy._rows.Add(Rows);
        copy._copies.Add(Copies);
        return copy;
    }

    /// <inheritdoc/>
    public bool Equals(StepPlan? other) => other is not null && Step == other.Step && Samples == other.Samples
        && Sequences.SequenceEqual(other.Sequences) && TokenIds.SequenceEqual(other.TokenIds) && Positions.SequenceEqual(other.Positions)
        && BlockTable.SequenceEqual(other.BlockTable) && Rows.SequenceEqual(other.Rows) && Copies.SequenceEqual(other.Copies);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StepPlan);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Step, Samples, Tokens, Sequences.Length);

    /// <summary>One line a part: its tokens from their first position on, its blocks, and the positions whose logits are wanted (× samples).</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"step {Step}: {Tokens} tokens");
        foreach (var copy in Copies) text.Append($", block {copy.From} copied to {copy.To}");
        for (int i = 0; i < Sequences.Length; i++)
        {
            var part = Sequences[i];
            text.Append($"\n  {part.Id}{(part.Addon is null ? "" : $" {part.Addon.Name}")}: {part.FirstPosition}+[{string.Join(' ', TokenIds.Slice(part.FirstRow, part.Count).ToArray())}]");
            text.Append($" in [{string.Join(' ', BlockTable.Slice(part.TableStart, part.TableCount).ToArray())}]");
            foreach (var row in Rows)
                if (row.SequenceIndex == i) text.Append(row.Choices == 0 ? $" {row.Position}" : $" {row.Position}×{row.Choices}");
        }
        return text.ToString();
    }

    /// <summary>Writes down what the scheduler granted, over what was here. The sequences must have their blocks.</summary>
    internal void Fill(long step, List<Sequence> sequences, List<BlockCopy> copies)
    {
        Clear(step);
        foreach (var sequence in sequences) Add(sequence, sequence.Granted);
        foreach (var copy in copies) _copies.Add(copy);
    }

    private void Clear(long step)
    {
        Step = step;
        Samples = 0;
        _sequences.Clear();
        _tokenIds.Clear();
        _positions.Clear();
        _blockTable.Clear();
        _rows.Clear();
        _copies.Clear();
    }

    private void Add(Sequence sequence, int count)
    {
        int first = sequence.ComputedTokens, row = Tokens, index = Sequences.Length, known = Math.Min(count, sequence.PendingTokens);
        _sequences.Add(new ScheduledSequence(
            sequence.Id, sequence.Options.Addon, row, count, first, BlockTable.Length, sequence.Blocks.Count, Rows.Length, sequence.RowsIn(count)));
        _tokenIds.Add(sequence.Tokens.Slice(first, known));
        _tokenIds.Add(sequence.Drafts[..(count - known)]);
        _blockTable.Add(sequence.Blocks.Span);
        for (int t = 0; t < count; t++) _positions.Add(first + t);
        int firstScored = Math.Max(first, sequence.ScoredFrom);
        for (int position = firstScored; position < firstScored + sequence.RowsIn(count); position++)
        {
            // The last token's row chooses a token for every choice that starts from it; the rows before it score the prompt's own tokens, those
            // behind it are drafts, each of which chooses the token after it.
            int choices = position >= sequence.TotalTokens - 1 ? sequence.PendingChoices + 1 : 0;
            _rows.Add(new LogitRow(index, row + position - first, position, choices, Samples));
            Samples += Math.Max(1, choices);
        }
    }

    /// <summary>A list whose memory stays.</summary>
    private sealed class Pooled<T>
    {
        private T[] _items = [];
        private int _count;

        public ReadOnlySpan<T> Span => _items.AsSpan(0, _count);

        public void Clear() => _count = 0;

        public void Add(T item)
        {
            Reserve(1);
            _items[_count++] = item;
        }

        public void Add(ReadOnlySpan<T> items)
        {
            Reserve(items.Length);
            items.CopyTo(_items.AsSpan(_count));
            _count += items.Length;
        }

        private void Reserve(int more)
        {
            if (_count + more > _items.Length) Array.Resize(ref _items, Math.Max(_count + more, _items.Length * 2));
        }
    }
}

/// <summary>Names a sequence: its request, numbered in order of arrival, and which completion of it.</summary>
public readonly record struct SequenceId(long Request, int Choice)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Request}.{Choice}";
}

/// <summary>The part of a step that one sequence has.</summary>
/// <param name="Id">The sequence.</param>
/// <param name="Addon">Its adapter, or null for the base model.</param>
/// <param name="FirstRow">Its first row among the T new tokens.</param>
/// <param name="Count">Its new tokens.</param>
/// <param name="FirstPosition">Position of the first one.</param>
/// <param name="TableStart">Where its blocks start in <see cref="StepPlan.BlockTable"/>.</param>
/// <param name="TableCount">Number of its blocks.</param>
/// <param name="FirstLogitRow">Its first row of logits in <see cref="StepPlan.Rows"/>.</param>
/// <param name="LogitRows">Number of them.</param>
public readonly record struct ScheduledSequence(
    SequenceId Id, Addon? Addon, int FirstRow, int Count, int FirstPosition, int TableStart, int TableCount, int FirstLogitRow, int LogitRows);

/// <summary>A row of logits. The rows of a sequence are neighbours, in order of position: first those that score, then those that are sampled.</summary>
/// <param name="SequenceIndex">Index in <see cref="StepPlan.Sequences"/>.</param>
/// <param name="Row">Row among the T new tokens.</param>
/// <param name="Position">Position of the row's token; the logits are of the token after it.</param>
/// <param name="Choices">Tokens to sample from it; 0: the next token is given and only scored.</param>
/// <param name="FirstSample">Index of its first result.</param>
public readonly record struct LogitRow(int SequenceIndex, int Row, int Position, int Choices, int FirstSample);

/// <summary>Copies the keys and values of a block, in all layers.</summary>
public readonly record struct BlockCopy(int From, int To);
