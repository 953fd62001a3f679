using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// Weights of a mixture of experts in place of a layer's feed-forward: y = sum of w_e Down_e(silu(Gate_e x) * Up_e x) over the experts that the
/// router chose for the token. arXiv:2101.03961, without its capacity: no token is dropped.
/// </summary>
public sealed class ExpertLayer : IDisposable
{
    private readonly PackedWeight[] _gate;
    private readonly PackedWeight[] _up;
    private readonly PackedWeight[] _down;

    /// <summary>Owns all weights. Gate, up and down have one matrix an expert.</summary>
    public ExpertLayer(ExpertParameters parameters, Linear router, PackedWeight[] gate, PackedWeight[] up, PackedWeight[] down)
    {
        (Parameters, Router, _gate, _up, _down) = (parameters, router, gate, up, down);
    }

    /// <summary>How many experts there are and how they are chosen.</summary>
    public ExpertParameters Parameters { get; }
    /// <summary>[X, D].</summary>
    public Linear Router { get; }
    /// <summary>One projection of all experts: gate and up [F, D], down [D, F].</summary>
    public ReadOnlySpan<PackedWeight> this[Projection projection] => projection switch
    {
        Projection.Gate => _gate,
        Projection.Up => _up,
        Projection.Down => _down,
        _ => throw new ArgumentOutOfRangeException(nameof(projection), projection, "Experts have gate, up and down."),
    };

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Router.Dispose();
        foreach (var weights in (PackedWeight[][])[_gate, _up, _down])
            foreach (var weight in weights) weight.Dispose();
    }
}
