using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// The backward pass of <see cref="ExpertForward"/>, expert by expert: through down, the gated product, gate and up to the input; then through the weights of the choice
/// and the router. The choice itself is held fixed, as in every framework: it has no gradient.
/// </summary>
/// <remarks>
/// The gradient of an expert's weight is dy . result = (dy Down) . activated, so that results need not be kept; everything before that product is computed without the weight.
/// </remarks>
internal readonly ref struct ExpertBackward(
    ExpertLayer layer, int index, LoraAdapter? adapter, ComputePool pool, Arena arena, (int Start, int Count)[] leaves, ReadOnlySpan<ParameterGradients> gradients)
{
    private readonly int _width = layer.Router.Inputs;
    private readonly ExpertParameters _parameters = layer.Parameters;
    private readonly LoraAdapter? _adapter = adapter is not null && adapter.HasExperts(index) ? adapter : null;
    private readonly ReadOnlySpan<ParameterGradients> _gradients = gradients;

    private ComputePool Pool => pool;
    private Arena Arena => arena;
    private ExpertLayer Layer => layer;
    private (int Start, int Count)[] Leaves => leaves;

    /// <summary>dx = the gradient of the input. dy: that of the experts' sum, x: the input; all [T, D]. Experts ascending, then the router, add to dx.</summary>
    public void Run(FloatBuffer dy, FloatBuffer x, ExpertActivations kept, FloatBuffer dx)
    {
        var slots = kept.Groups.Slots;
        var (weights, dSlots, dWeights) = (arena.Take(slots.Length), arena.Take(slots.Length), arena.Take(slots.Length));
        for (int choice = 0; choice < slots.Length; choice++) weights.Span[slots[choice]] = kept.Weights.Span[choice];
        dx.Span.Clear();
        for (int expert = 0; expert < _parameters.Count; expert++)
        {
            var mark = arena.Mark();
            new One(this, expert, kept, weights, dSlots).Run(dy, x, dx);
            arena.Release(mark);
        }
        for (int choice = 0; choice < slots.Length; choice++) dWeights.Span[choice] = dSlots.Span[slots[choice]];
        var dLogits = arena.Take(kept.Logits.Length);
        Kernels.RouteTopKBackward(pool, kept.Logits, _parameters.Count, _parameters.PerToken, _parameters.Normalize, kept.Chosen, kept.Weights, dWeights, dLogits);
        layer.Router.BackwardInput(pool, dLogits, x.Length / _width, dx, accumulate: true);
    }

    private LoraPair? Pair(int expert, Projection projection) => _adapter?.Pair(index, expert, projection);

    /// <summary>One expert's part. Weights and dSlots are by slot.</summary>
    private readonly ref struct One(ExpertBackward all, int expert, ExpertActivations kept, FloatBuffer weights, FloatBuffer dSlots)
    {
        private readonly ExpertBackward _all = all;
        private readonly int _start = kept.Groups.Starts[expert];
        private readonly int _count = kept.Groups.Starts[expert + 1] - kept.Groups.Starts[expert];

        private ComputePool Pool => _all.Pool;
        private Arena Arena => _all.Arena;
        private int Inner => _all._parameters.Width;
        private ReadOnlySpan<int> Rows => kept.Groups.Rows.Slice(_start, _count);

        public void Run(FloatBuffer dy, FloatBuffer x, FloatBuffer dx)
        {
            if (_count == 0 && _all._adapter is null) return; // with an adapter the gradient of an unused expert is written, too: zeros
            var dActivated = Arena.Take(_count, Inner);
            Down(dy, dActivated);
            var (dGate, dUp) = (Arena.Take(_count, Inner), Arena.Take(_count, Inner));
            Kernels.SwiGluBackward(Pool, dActivated, Inside(kept.Gate), Inside(kept.Up), dGate, dUp);
            var input = Arena.Take(_count, _all._width);
            Kernels.GatherRows(Pool, x, _all._width, Rows, input);
            var dInput = Arena.Take(_count, _all._width);
            Back(Projection.Gate, dGate, input, dInput);
            Back(Projection.Up, dUp, input, dInput);
            Kernels.ScatterAddRows(Pool, dInput, _all._width, Rows, dx);
        }

        private void Down(FloatBuffer dy, FloatBuffer dActivated)
        {
            var (own, activated) = (weights.Slice(_start, _count), Inside(kept.Activated));
            var dResult = Arena.Take(_count, _all._width);
            Kernels.GatherRows(Pool, dy, _all._width, Rows, dResult);
            Kernels.MatMulBackwardInput(Pool, dResult, _count, _all.Layer[Projection.Down][expert], dActivated, accumulate: false);
            var pair = _all.Pair(expert, Projection.Down);
            var du = Arena.Take(_count, pair?.Rank ?? 0);
            pair?.BackwardInput(Pool, dResult, _count, dActivated, du);
            Kernels.RowDots(Pool, dActivated, activated, dSlots.Slice(_start, _count));
            Kernels.ScaleRows(Pool, dActivated, own);
            if (pair is null) return;
            Kernels.ScaleRows(Pool, dResult, own);
            Kernels.ScaleRows(Pool, du, own);
            Gradients(pair, dResult, activated, du, continuesA: false);
        }

        private void Back(Projection projection, FloatBuffer dy, FloatBuffer x, FloatBuffer dx)
        {
            Kernels.MatMulBackwardInput(Pool, dy, _count, _all.Layer[projection][expert], dx, accumulate: projection != Projection.Gate);
            if (_all.Pair(expert, projection) is not { } pair) return;
            var du = Arena.Take(_count, pair.Rank);
            pair.BackwardInput(Pool, dy, _count, dx, du);
            Gradients(pair, dy, x, du, continuesA: projection == Projection.Up && pair.SharesA(_all.Pair(expert, Projection.Gate)));
        }

        private void Gradients(LoraPair pair, FloatBuffer dy, FloatBuffer x, FloatBuffer du, bool continuesA)
        {
            var u = Arena.Take(_count, pair.Rank);
            pair.ForwardLow(Pool, x, _count, u);
            for (int leaf = 0; leaf < _all._gradients.Length; leaf++)
            {
                var (slot, count) = kept.Groups.Within(expert, _all.Leaves[leaf].Start, _all.Leaves[leaf].Count);
                int start = slot - _start;
                pair.BackwardWeights(Pool, Part(dy, start, count, pair.Outputs), Part(x, start, count, pair.Inputs), Part(u, start, count, pair.Rank),
                    Part(du, start, count, pair.Rank), count, _all._gradients[leaf], continuesA);
            }
        }

        private FloatBuffer Inside(FloatBuffer slots) => slots.Slice(_start * Inner, _count * Inner);

        private static ReadOnlySpan<float> Part(FloatBuffer buffer, int start, int count, int width) => buffer.Span.Slice(start * width, count * width);
    }
}
