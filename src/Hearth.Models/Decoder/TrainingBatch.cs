using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// Packed rows of one micro-batch. Each leaf is a run of rows whose gradient is one summation (E8); leaves follow the data plan, so that neither
/// memory nor threads change a bit.
/// </summary>
public sealed class TrainingBatch
{
    /// <summary>Tokens of all leaves, [T].</summary>
    public required int[] TokenIds { get; init; }
    /// <summary>Position of each token in its segment, [T].</summary>
    public required int[] Positions { get; init; }
    /// <summary>Token that each row predicts, [T]; any id where the weight is 0.</summary>
    public required int[] Targets { get; init; }
    /// <summary>Loss weight of each row, [T]; 0 = not trained. The plan's 1 / tokens is inside.</summary>
    public required float[] Weights { get; init; }
    /// <summary>First row and length of each segment; attention never crosses one.</summary>
    public required (int Start, int Count)[] Segments { get; init; }
    /// <summary>First row and length of each leaf; they cover all rows in order, and no segment crosses a leaf.</summary>
    public required (int Start, int Count)[] Leaves { get; init; }

    /// <summary>T.</summary>
    public int Rows => TokenIds.Length;

    /// <summary>KV blocks that the segments take.</summary>
    public int Blocks => Segments.Sum(segment => (segment.Count + Kernels.KvBlock - 1) / Kernels.KvBlock);

    internal ForwardBatch ToForwardBatch(LoraAdapter? adapter)
    {
        var segments = new AttentionSegment[Segments.Length];
        int block = 0;
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i] = new AttentionSegment(Segments[i].Start, Segments[i].Count, 0, block);
            block += (Segments[i].Count + Kernels.KvBlock - 1) / Kernels.KvBlock;
        }
        return new ForwardBatch
        {
            TokenIds = TokenIds,
            Positions = Positions,
            Segments = segments,
            BlockTable = [.. Enumerable.Range(0, block)],
            Adapters = new AdapterWeights?[segments.Length],
            Trained = adapter,
            LogitRows = [],
        };
    }
}
