namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y = x W_e^T for groups of rows, each with a weight of its own; a row's bits are those of <see cref="MatMul(ComputePool, ReadOnlySpan{float}, int, PackedWeight, Span{float})"/> (E1).</summary>
    /// <remarks>
    /// x: [rows, K], group after group. starts: [groups + 1], ascending, the first one being x's first row. weights: [groups], all [N, K]. y: [rows, N]. Groups of a few rows
    /// share one loop, so that the threads read the weights of all of them side by side; larger ones are products of their own.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMulGrouped(ComputePool pool, ReadOnlySpan<float> x, ReadOnlySpan<int> starts, ReadOnlySpan<PackedWeight> weights, Span<float> y)
    {
        const string operation = nameof(MatMulGrouped);
        Shapes.Require(starts.Length, weights.Length + 1, operation, nameof(starts));
        if (weights.IsEmpty) return;
        int rows = starts[^1] - starts[0], inputs = weights[0].Inputs, outputs = weights[0].Outputs;
        RequireLength(operation, nameof(x), x.Length, rows, inputs);
        RequireLength(operation, nameof(y), y.Length, rows, outputs);
        PanelProduct* few = stackalloc PanelProduct[Math.Min(weights.Length, MaxFewGroups)];
        int count = 0;
        fixed (float* px = x, py = y)
        {
            for (int group = 0; group < weights.Length; group++)
            {
                int first = starts[group] - starts[0], groupRows = starts[group + 1] - starts[group];
                if (groupRows == 0) continue;
                var w = weights[group];
                if (w.Inputs != inputs || w.Outputs != outputs || groupRows < 0)
                    throw new ArgumentException($"{operation}: group {group} has {groupRows} rows and a weight of {w.Outputs} x {w.Inputs}; the first one has {outputs} x {inputs}.", nameof(weights));
                float* gx = px + (nint)first * inputs;
                float* gy = py + (nint)first * outputs;
                if (groupRows > FewRows.Most(w.Type))
                {
                    Gemm.Run(pool, new RowSource(gx, inputs, transposed: false), TileSource.Forward(w, 0, outputs), groupRows, outputs, inputs, gy, outputs, accumulate: false);
                    continue;
                }
                few[count++] = new PanelProduct(gx, groupRows, w, 0, outputs, gy);
                if (count < MaxFewGroups) continue;
                FewRowsGrouped.Run(pool, few, count, inputs, outputs);
                count = 0;
            }
            if (count > 0) FewRowsGrouped.Run(pool, few, count, inputs, outputs);
        }
        foreach (var weight in weights) GC.KeepAlive(weight);
    }

    private const int MaxFewGroups = 128;
}
