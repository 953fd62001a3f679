using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Which examples make which optimizer step, and which share a packed row: a function of dataset, seed, batch size and context length alone, never of
/// memory or threads (E8).
/// </summary>
public static class DataPlan
{
    /// <summary>Plans all steps. A step holds <paramref name="samplesPerStep"/> examples or, where that is null, as many as fit in <paramref name="tokensPerStep"/>.</summary>
    public static IReadOnlyList<PlannedStep> Build(IReadOnlyList<TokenizedRow> rows, double epochs, int? samplesPerStep, int tokensPerStep, int contextLength, ulong seed)
    {
        var order = Order(rows.Count, epochs, seed);
        var steps = new List<PlannedStep>();
        var step = new List<TokenizedRow>();
        int tokens = 0, taken = 0;
        void Close()
        {
            if (step.Count == 0) return;
            steps.Add(new PlannedStep(Pack(step, contextLength), (double)taken / rows.Count));
            step = [];
            tokens = 0;
        }
        foreach (int index in order)
        {
            var row = rows[index];
            bool full = samplesPerStep is { } samples ? step.Count >= samples : step.Count > 0 && tokens + row.TokenIds.Length > tokensPerStep;
            if (full) Close();
            step.Add(row);
            tokens += row.TokenIds.Length;
            taken++;
        }
        Close();
        return steps;
    }

    // Each epoch is a permutation of its own; the last one may be a part.
    private static List<int> Order(int count, double epochs, ulong seed)
    {
        int total = Math.Max(1, (int)Math.Round(count * epochs));
        var order = new List<int>(total);
        for (ulong epoch = 0; order.Count < total; epoch++)
            order.AddRange(CounterRandom.Permutation(count, seed, RandomPurpose.DataOrder, epoch).Take(total - order.Count));
        return order;
    }

    // In order, next row when full: first-fit would pack a little tighter and make a row depend on what comes much later.
    private static List<PackedRow> Pack(List<TokenizedRow> examples, int contextLength)
    {
        var rows = new List<PackedRow>();
        var current = new List<TokenizedRow>();
        int length = 0;
        foreach (var example in examples)
        {
            int needed = example.TokenIds.Length - 1;
            if (current.Count > 0 && length + needed > contextLength)
            {
                rows.Add(new PackedRow(current));
                current = [];
                length = 0;
            }
            current.Add(example);
            length += needed;
        }
        if (current.Count > 0) rows.Add(new PackedRow(current));
        return rows;
    }
}
