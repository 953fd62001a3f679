using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// y = x W^T (+ b), W: [outputs, inputs]. The weight is either frozen, packed once (<see cref="PackedWeight"/>), or a trained float32
/// master inside a <see cref="ParameterSet"/>. Both give the same bits for the same numbers.
/// </summary>
public sealed class Linear : IDisposable
{
    private readonly PackedWeight? _packed;
    private readonly FloatBuffer _master;
    private readonly FloatBuffer _bias;

    private Linear(string name, int outputs, int inputs, PackedWeight? packed, FloatBuffer master, Parameter? parameter, FloatBuffer bias)
    {
        Name = name;
        Outputs = outputs;
        Inputs = inputs;
        _packed = packed;
        _master = master;
        Parameter = parameter;
        _bias = bias;
    }

    /// <summary>Module path, such as <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public string Name { get; }

    /// <summary>Width of y.</summary>
    public int Outputs { get; }

    /// <summary>Width of x.</summary>
    public int Inputs { get; }

    /// <summary>The trained tensor, or null where the weight is frozen.</summary>
    public Parameter? Parameter { get; }

    // "q_proj" of "model.layers.0.self_attn.q_proj": a trace adds the layers up.
    private string ShortName => _shortName ??= Name[(Name.LastIndexOf('.') + 1)..];

    private string? _shortName;

    private long Bytes => _packed?.Bytes ?? (long)Outputs * Inputs * sizeof(float);

    /// <summary>True where the layer adds a bias.</summary>
    public bool HasBias => !_bias.IsEmpty;

    /// <summary>[outputs]; empty where there is none.</summary>
    public FloatBuffer Bias => _bias;

    /// <summary>The frozen weight; null where it is trained.</summary>
    public PackedWeight? Packed => _packed;

    /// <summary>The trained weight, [outputs, inputs]; empty where it is frozen.</summary>
    public FloatBuffer Master => _master;

    /// <summary>A frozen layer; owns <paramref name="weight"/>.</summary>
    public static Linear Frozen(string name, PackedWeight weight, FloatBuffer bias = default) =>
        new(name, weight.Outputs, weight.Inputs, weight, default, null, bias);

    /// <summary>A layer whose weight is a parameter of <paramref name="set"/>.</summary>
    public static Linear Trained(string name, ParameterSet set, Parameter parameter) =>
        new(name, parameter.Rows, parameter.Columns, null, set.Of(parameter), parameter, default);

    /// <summary>y = x W^T + b, or without b. x: [rows, inputs], y: [rows, outputs].</summary>
    public void Forward(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y)
    {
        Multiply(pool, x, rows, y);
        if (HasBias) Kernels.AddBias(pool, y, _bias);
    }

    /// <summary>The product without the bias.</summary>
    public void Multiply(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y)
    {
        pool.Trace?.Begin(ShortName, Flops(rows), Bytes);
        if (_packed != null) Kernels.MatMul(pool, x, rows, _packed, y);
        else Kernels.MatMul(pool, x, rows, _master, Outputs, Inputs, y);
    }

    /// <summary>Products of up to three layers with one x, without their biases: frozen weights share a loop (<see cref="Product"/>), also with Ax of their adapters.</summary>
    public static void MultiplyTogether(
        ComputePool pool, ReadOnlySpan<float> x, int rows, ReadOnlySpan<Linear> layers, ReadOnlySpan<FloatBuffer> results, in LowRankPlan adapters = default)
    {
        switch (layers)
        {
            case [{ _packed: { } a } only]:
                pool.Trace?.Begin(only.ShortName, only.Flops(rows), only.Bytes);
                Kernels.MatMul(pool, x, rows, [new(a, results[0])], adapters);
                break;
            case [{ _packed: { } a } first, { _packed: { } b } second]:
                pool.Trace?.Begin($"{first.ShortName}, {second.ShortName}", first.Flops(rows) + second.Flops(rows), first.Bytes + second.Bytes);
                Kernels.MatMul(pool, x, rows, [new(a, results[0]), new(b, results[1])], adapters);
                break;
            case [{ _packed: { } a } first, { _packed: { } b } second, { _packed: { } c } third]:
                pool.Trace?.Begin($"{first.ShortName}, {second.ShortName}, {third.ShortName}",
                    first.Flops(rows) + second.Flops(rows) + third.Flops(rows), first.Bytes + second.Bytes + third.Bytes);
                Kernels.MatMul(pool, x, rows, [new(a, results[0]), new(b, results[1]), new(c, results[2])], adapters);
                break;
            default:
                for (int i = 0; i < layers.Length; i++) layers[i].Multiply(pool, x, rows, results[i]);
                Kernels.MatMul(pool, x, rows, [], adapters);
                break;
        }
    }

    private double Flops(int rows) => 2.0 * rows * Outputs * Inputs;

    /// <summary>dx = dy W, or the chain of dx continued. dy: [rows, outputs], dx: [rows, inputs].</summary>
    public void BackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, Span<float> dx, bool accumulate = false)
    {
        if (_packed != null) Kernels.MatMulBackwardInput(pool, dy, rows, _packed, dx, accumulate);
        else Kernels.MatMulBackwardInput(pool, dy, rows, _master, Outputs, Inputs, dx, accumulate);
    }

    /// <summary>Embedding lookup: row <c>tokenIds[t]</c> of W into row t of y, [T, inputs].</summary>
    public void Gather(ReadOnlySpan<int> tokenIds, Span<float> y)
    {
        if (_packed != null) Kernels.EmbeddingGather(tokenIds, _packed, y);
        else Kernels.EmbeddingGather(tokenIds, _master, y);
    }

    /// <summary>Frees a frozen weight; a trained one belongs to its set.</summary>
    public void Dispose() => _packed?.Dispose();
}
