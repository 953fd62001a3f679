using Hearth.Models;

namespace Hearth.Training;

/// <summary>Lays packed rows out as the arrays of a <see cref="TrainingBatch"/>.</summary>
public static class BatchBuilder
{
    /// <summary>Rows of one micro-batch. <paramref name="lossWeightOfStep"/> is the plan's denominator; <paramref name="oneLeaf"/> joins all rows into one leaf.</summary>
    public static TrainingBatch Build(IReadOnlyList<PackedRow> rows, double lossWeightOfStep, bool oneLeaf)
    {
        int total = rows.Sum(row => row.Length);
        var tokenIds = new int[total];
        var positions = new int[total];
        var targets = new int[total];
        var weights = new float[total];
        var segments = new List<(int, int)>();
        var leaves = new List<(int, int)>();
        float scale = (float)(1.0 / lossWeightOfStep);
        int at = 0;
        foreach (var row in rows)
        {
            int start = at;
            foreach (var segment in row.Segments)
            {
                int count = segment.TokenIds.Length - 1;
                for (int t = 0; t < count; t++)
                {
                    tokenIds[at + t] = segment.TokenIds[t];
                    positions[at + t] = t;
                    targets[at + t] = segment.TokenIds[t + 1];
                    weights[at + t] = segment.LossWeights[t + 1] * scale;
                }
                segments.Add((at, count));
                at += count;
            }
            leaves.Add((start, at - start));
        }
        return new TrainingBatch
        {
            TokenIds = tokenIds,
            Positions = positions,
            Targets = targets,
            Weights = weights,
            Segments = [.. segments],
            Leaves = oneLeaf ? [(0, total)] : [.. leaves],
        };
    }

    /// <summary>Splits rows into micro-batches of at most <paramref name="maxTokens"/> computed rows; a larger packed row stands alone.</summary>
    public static IEnumerable<IReadOnlyList<PackedRow>> Microbatches(IReadOnlyList<PackedRow> rows, int maxTokens)
    {
        var current = new List<PackedRow>();
        int length = 0;
        foreach (var row in rows)
        {
            if (current.Count > 0 && length + row.Length > maxTokens)
            {
                yield return current;
                current = [];
                length = 0;
            }
            current.Add(row);
            length += row.Length;
        }
        if (current.Count > 0) yield return current;
    }
}
