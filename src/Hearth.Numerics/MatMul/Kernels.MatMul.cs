namespace Hearth.Numerics;

/// <summary>Numerical operations: spans in, spans out. Shapes are row-major; the letters are those of the project's README.</summary>
public static unsafe partial class Kernels
{
    /// <summary>y = x W^T for any number of rows; a row's bits do not depend on how many there are (E1).</summary>
    /// <remarks>x: [rows, K]. w: [N, K]. y: [rows, N], not overlapping x.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, PackedWeight w, Span<float> y) =>
        MatMul(pool, x, rows, w, 0, w.Outputs, y);

    /// <summary>y = x W^T for outputs <paramref name="firstOutput"/> .. + <paramref name="outputs"/>: a tile of the vocabulary.</summary>
    /// <remarks>x: [rows, K]. y: [rows, outputs]. <paramref name="firstOutput"/> is a multiple of 32.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes, or the slice is not inside the weight.</exception>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, PackedWeight w, int firstOutput, int outputs, Span<float> y)
    {
        RequireSlice(nameof(MatMul), w, firstOutput, outputs);
        RequireLength(nameof(MatMul), nameof(x), x.Length, rows, w.Inputs);
        RequireLength(nameof(MatMul), nameof(y), y.Length, rows, outputs);
        fixed (float* px = x, py = y)
        {
            if (rows <= FewRows.Most(w.Type)) FewRows.Run(pool, px, rows, w, firstOutput, outputs, py);
            else Gemm.Run(pool, new RowSource(px, w.Inputs, transposed: false), TileSource.Forward(w, firstOutput, outputs),
                rows, outputs, w.Inputs, py, outputs, accumulate: false);
        }
        GC.KeepAlive(w);
    }

    /// <summary>Several products of one x. For few rows their outputs are shared out together: threads wait for each other once, not once a product.</summary>
    /// <remarks>x: [rows, K]. Weights: [N_i, K]; results: [rows, N_i], not overlapping x or each other.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, ReadOnlySpan<Product> products) => MatMul(pool, x, rows, products, default);

    /// <summary>The same, and Ax of adapters of these products, whose <see cref="LowRankPlan.Add"/> can follow.</summary>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, ReadOnlySpan<Product> products, in LowRankPlan adapters)
    {
        bool alone = products.Length + adapters.ReduceItems <= 1; // nothing to share a loop with
        if (alone || products.Length is 0 or > FewRows.MaximumJoined || !FewRows.CanJoin(products, rows))
        {
            foreach (var product in products) MatMul(pool, x, rows, product.Weight, product.Result);
            adapters.Reduce(pool);
            return;
        }
        foreach (var product in products)
        {
            RequireLength(nameof(MatMul), nameof(x), x.Length, rows, product.Weight.Inputs);
            RequireLength(nameof(MatMul), nameof(product.Result), product.Result.Length, rows, product.Weight.Outputs);
        }
        fixed (float* px = x) FewRows.RunJoined(pool, px, rows, products, adapters);
        foreach (var product in products) GC.KeepAlive(product.Weight);
    }

    /// <summary>dx = dy W, or dx continues its chains with <paramref name="accumulate"/>.</summary>
    /// <remarks>dy: [rows, N]. w: [N, K]. dx: [rows, K], not overlapping dy. The chain runs over outputs, ascending.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMulBackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, PackedWeight w, Span<float> dx, bool accumulate) =>
        MatMulBackwardInput(pool, dy, rows, w, 0, w.Outputs, dx, accumulate);

    /// <summary>dx = dy W over a slice of outputs; with <paramref name="accumulate"/> the chains run on over ascending slices.</summary>
    /// <remarks>dy: [rows, outputs]. dx: [rows, K]. <paramref name="firstOutput"/> is a multiple of 32.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes, or the slice is not inside the weight.</exception>
    public static void MatMulBackwardInput(
        ComputePool pool, ReadOnlySpan<float> dy, int rows, PackedWeight w, int firstOutput, int outputs, Span<float> dx, bool accumulate)
    {
        RequireSlice(nameof(MatMulBackwardInput), w, firstOutput, outputs);
        RequireLength(nameof(MatMulBackwardInput), nameof(dy), dy.Length, rows, outputs);
        RequireLength(nameof(MatMulBackwardInput), nameof(dx), dx.Length, rows, w.Inputs);
        fixed (float* pdy = dy, pdx = dx)
        {
            Gemm.Run(pool, new RowSource(pdy, outputs, transposed: false), TileSource.Backward(w, firstOutput),
                rows, w.Inputs, outputs, pdx, w.Inputs, accumulate);
        }
        GC.KeepAlive(w);
    }

    private static void RequireSlice(string operation, PackedWeight w, int firstOutput, int outputs)
    {
        if (firstOutput < 0 || outputs < 0 || firstOutput % PackedWeight.PanelOutputs != 0 || outputs > w.Outputs - firstOutput)
            throw new ArgumentException($"{operation}: outputs [{firstOutput}, {firstOutput}+{outputs}) must start at a multiple of {PackedWeight.PanelOutputs} and lie inside the weight's {w.Outputs}.");
    }

    private static void RequireLength(string operation, string name, int length, int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (length != (long)rows * columns)
            throw new ArgumentException($"{operation}: {name} must be [{rows}, {columns}], {(long)rows * columns} values, but has {length}.", name);
    }
}
