using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// The low-rank update of one projection: y = fma(s, B(Ax), y), A: [R, in], B: [out, R], s = alpha / R (or alpha / sqrt(R), rsLoRA).
/// arXiv:2106.09685 section 4.1; the scale is not folded into B (docs/exactness.md, E2).
/// </summary>
public sealed class LoraPair
{
    private readonly FloatBuffer _a;
    private readonly FloatBuffer _b;

    internal LoraPair(ParameterSet set, Parameter a, Parameter b, float scale)
    {
        ParameterA = a;
        ParameterB = b;
        Scale = scale;
        _a = set.Of(a);
        _b = set.Of(b);
    }

    /// <summary>A, [R, in].</summary>
    public Parameter ParameterA { get; }
    /// <summary>B, [out, R].</summary>
    public Parameter ParameterB { get; }
    /// <summary>R.</summary>
    public int Rank => ParameterA.Rows;
    /// <summary>Width of x.</summary>
    public int Inputs => ParameterA.Columns;
    /// <summary>Width of y.</summary>
    public int Outputs => ParameterB.Rows;
    /// <summary>s.</summary>
    public float Scale { get; }

    /// <summary>Whether another pair has the same A.</summary>
    public bool SharesA(LoraPair? other) => other is not null && ReferenceEquals(ParameterA, other.ParameterA);

    /// <summary>y = fma(s, B(Ax), y). x: [rows, in]; u = Ax: [rows, R] is kept for the backward pass; scratch: [rows, out].</summary>
    public void Forward(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y, Span<float> u, Span<float> scratch)
    {
        ForwardLow(pool, x, rows, u);
        Kernels.MatMul(pool, u, rows, _b, Outputs, Rank, scratch);
        Kernels.AddScaled(pool, scratch, Scale, y);
    }

    /// <summary>u = Ax, as in <see cref="Forward"/>. x: [rows, in]; u: [rows, R].</summary>
    public void ForwardLow(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> u) => Kernels.MatMul(pool, x, rows, _a, Rank, Inputs, u);

    /// <summary>
    /// du = s dy B; dx += du A (where <paramref name="dx"/> is not empty). dy: [rows, out]; dx: [rows, in]; du: [rows, R] is what
    /// <see cref="BackwardWeights"/> needs.
    /// </summary>
    public void BackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, Span<float> dx, Span<float> du)
    {
        Kernels.MatMulBackwardInput(pool, dy, rows, _b, Outputs, Rank, du, accumulate: false);
        Kernels.Scale(pool, du, Scale);
        if (!dx.IsEmpty) Kernels.MatMulBackwardInput(pool, du, rows, _a, Rank, Inputs, dx, accumulate: true);
    }

    /// <summary>dA = du^T x, dB = s dy^T u: one gradient leaf, its chains over the rows ascending (E8). With <paramref name="continuesA"/> dA's go on: another pair has the same A.</summary>
    public void BackwardWeights(ComputePool pool, ReadOnlySpan<float> dy, ReadOnlySpan<float> x, ReadOnlySpan<float> u, ReadOnlySpan<float> du,
        int rows, ParameterGradients leaf, bool continuesA = false)
    {
        Kernels.MatMulBackwardWeight(pool, du, x, rows, Rank, Inputs, leaf.Of(ParameterA), continuesA);
        var db = leaf.Of(ParameterB);
        Kernels.MatMulBackwardWeight(pool, dy, u, rows, Outputs, Rank, db, accumulate: false);
        Kernels.Scale(pool, db, Scale);
    }
}
