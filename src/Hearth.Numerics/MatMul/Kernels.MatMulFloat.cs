namespace Hearth.Numerics;

// Products with plain row-major float32 weights: LoRA's A and B, trained masters.
public static unsafe partial class Kernels
{
    /// <summary>y = x W^T with a plain weight.</summary>
    /// <remarks>x: [rows, K]. w: [N, K]. y: [rows, N], overlapping neither.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, ReadOnlySpan<float> w, int outputs, int inputs, Span<float> y)
    {
        RequireLength(nameof(MatMul), nameof(x), x.Length, rows, inputs);
        RequireLength(nameof(MatMul), nameof(w), w.Length, outputs, inputs);
        RequireLength(nameof(MatMul), nameof(y), y.Length, rows, outputs);
        fixed (float* px = x, pw = w, py = y)
        {
            Gemm.Run(pool, new RowSource(px, inputs, transposed: false), TileSource.RowsTransposed(pw, outputs, inputs),
                rows, outputs, inputs, py, outputs, accumulate: false);
        }
    }

    /// <summary>dx = dy W with a plain weight, or dx continues its chains with <paramref name="accumulate"/>.</summary>
    /// <remarks>
    /// dy: [rows, N]. w: [N, K]. dx: [rows, K], overlapping neither. For a slice of outputs pass its rows of w: with
    /// <paramref name="accumulate"/> the chains run on over ascending slices.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMulBackwardInput(
        ComputePool pool, ReadOnlySpan<float> dy, int rows, ReadOnlySpan<float> w, int outputs, int inputs, Span<float> dx, bool accumulate)
    {
        RequireLength(nameof(MatMulBackwardInput), nameof(dy), dy.Length, rows, outputs);
        RequireLength(nameof(MatMulBackwardInput), nameof(w), w.Length, outputs, inputs);
        RequireLength(nameof(MatMulBackwardInput), nameof(dx), dx.Length, rows, inputs);
        fixed (float* pdy = dy, pw = w, pdx = dx)
        {
            Gemm.Run(pool, new RowSource(pdy, outputs, transposed: false), TileSource.Rows(pw, inputs),
                rows, inputs, outputs, pdx, inputs, accumulate);
        }
    }

    /// <summary>dW = dy^T x, or dW continues its chains with <paramref name="accumulate"/>.</summary>
    /// <remarks>dy: [rows, N]. x: [rows, K]. dw: [N, K], overlapping neither. The chain runs over rows, ascending.</remarks>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void MatMulBackwardWeight(
        ComputePool pool, ReadOnlySpan<float> dy, ReadOnlySpan<float> x, int rows, int outputs, int inputs, Span<float> dw, bool accumulate)
    {
        RequireLength(nameof(MatMulBackwardWeight), nameof(dy), dy.Length, rows, outputs);
        RequireLength(nameof(MatMulBackwardWeight), nameof(x), x.Length, rows, inputs);
        RequireLength(nameof(MatMulBackwardWeight), nameof(dw), dw.Length, outputs, inputs);
        fixed (float* pdy = dy, px = x, pdw = dw)
        {
            Gemm.Run(pool, new RowSource(pdy, outputs, transposed: true), TileSource.Rows(px, inputs),
                outputs, inputs, rows, pdw, inputs, accumulate);
        }
    }

    /// <summary><see cref="MatMul(ComputePool, ReadOnlySpan{float}, int, ReadOnlySpan{float}, int, int, Span{float})"/> for rows <paramref name="firstOutput"/>.. of w [any, K].</summary>
    public static void MatMul(ComputePool pool, ReadOnlySpan<float> x, int rows, ReadOnlySpan<float> w, int inputs, int firstOutput, int outputs, Span<float> y) =>
        MatMul(pool, x, rows, w.Slice(firstOutput * inputs, outputs * inputs), outputs, inputs, y);

    /// <summary><see cref="MatMulBackwardInput(ComputePool, ReadOnlySpan{float}, int, ReadOnlySpan{float}, int, int, Span{float}, bool)"/> for rows <paramref name="firstOutput"/>.. of w [any, K].</summary>
    public static void MatMulBackwardInput(
        ComputePool pool, ReadOnlySpan<float> dy, int rows, ReadOnlySpan<float> w, int inputs, int firstOutput, int outputs, Span<float> dx, bool accumulate) =>
        MatMulBackwardInput(pool, dy, rows, w.Slice(firstOutput * inputs, outputs * inputs), outputs, inputs, dx, accumulate);
}
