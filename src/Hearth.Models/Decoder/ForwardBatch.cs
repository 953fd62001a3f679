using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>The new tokens of several sequences in one forward pass. T rows; a segment is one sequence's run of rows.</summary>
public sealed class ForwardBatch
{
    /// <summary>[T].</summary>
    public required int[] TokenIds { get; init; }
    /// <summary>Position of each row in its sequence, [T].</summary>
    public required int[] Positions { get; init; }
    /// <summary>One a sequence; rows are contiguous and in order.</summary>
    public required AttentionSegment[] Segments { get; init; }
    /// <summary>Block ids of all segments; position p of a segment is in <c>BlockTable[TableStart + p / 64]</c>.</summary>
    public required int[] BlockTable { get; init; }
    /// <summary>Adapter of each segment; null = base model.</summary>
    public required AdapterWeights?[] Adapters { get; init; }
    /// <summary>The adapter that is trained, over all rows; then <see cref="Adapters"/> has none.</summary>
    internal LoraAdapter? Trained { get; init; }
    /// <summary>Rows whose logits are wanted, ascending.</summary>
    public required int[] LogitRows { get; init; }

    /// <summary>T.</summary>
    public int Rows => TokenIds.Length;

    /// <exception cref="ArgumentException">Lengths or segments contradict each other.</exception>
    public void Validate(ModelConfiguration configuration)
    {
        if (Positions.Length != Rows) throw new ArgumentException($"ForwardBatch: {Positions.Length} positions for {Rows} tokens.");
        if (Adapters.Length != Segments.Length) throw new ArgumentException($"ForwardBatch: {Adapters.Length} adapters for {Segments.Length} segments.");
        int row = 0;
        foreach (var segment in Segments)
        {
            if (segment.QueryStart != row) throw new ArgumentException($"ForwardBatch: a segment starts at row {segment.QueryStart}, expected {row}.");
            row += segment.QueryCount;
        }
        if (row != Rows) throw new ArgumentException($"ForwardBatch: segments hold {row} rows, expected {Rows}.");
        foreach (int id in TokenIds)
            if ((uint)id >= (uint)configuration.VocabularySize)
                throw new ArgumentException($"ForwardBatch: token id {id} is outside the vocabulary of {configuration.VocabularySize}.");
    }
}
