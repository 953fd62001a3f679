using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>
/// The forward pass of a mixture of experts: router, rows grouped by expert, one gated feed-forward a group, results added to their rows in ascending order
/// of experts (E11).
/// </summary>
internal readonly ref struct ExpertForward(ExpertLayer layer, int index, ComputePool pool, Arena arena, AdapterStep? adapters)
{
    // Slots that are gathered at a time: enough rows an expert for the matrix product, and few enough to bound the memory.
    private const int WaveSlots = 1024;

    private readonly int _width = layer.Router.Inputs;
    private readonly ExpertParameters _parameters = layer.Parameters;

    /// <summary>output = the experts' sum for each row of x, both [T, D]; <paramref name="keep"/> receives what a backward pass needs.</summary>
    public void Run(FloatBuffer x, ExpertActivations keep, FloatBuffer output)
    {
        Route(x, keep);
        int slots = keep.Groups.Rows.Length;
        keep.Gate = arena.Take(slots, _parameters.Width);
        keep.Up = arena.Take(slots, _parameters.Width);
        keep.Activated = arena.Take(slots, _parameters.Width);
        output.Span.Clear();
        for (int first = 0, end; first < _parameters.Count; first = end)
        {
            end = keep.Groups.EndOfWave(first, WaveSlots);
            var mark = arena.Mark();
            Wave(first, end, x, keep, output);
            arena.Release(mark);
        }
    }

    private void Route(FloatBuffer x, ExpertActivations keep)
    {
        int rows = x.Length / _width, perToken = _parameters.PerToken;
        keep.Logits = arena.Take(rows, _parameters.Count);
        layer.Router.Forward(pool, x, rows, keep.Logits);
        keep.Chosen = arena.TakeIntegers(rows * perToken);
        keep.Weights = arena.Take(rows, perToken);
        Kernels.RouteTopK(pool, keep.Logits, _parameters.Count, perToken, _parameters.Normalize, keep.Chosen, keep.Weights);
        keep.Groups = ExpertGroups.Of(keep.Chosen, perToken, _parameters.Count, arena);
    }

    /// <summary>Experts <paramref name="first"/> .. <paramref name="end"/> - 1.</summary>
    private void Wave(int first, int end, FloatBuffer x, ExpertActivations keep, FloatBuffer output)
    {
        var groups = keep.Groups;
        int start = groups.Starts[first], count = groups.Starts[end] - start, inner = _parameters.Width;
        if (count == 0) return;
        var input = arena.Take(count, _width);
        Kernels.GatherRows(pool, x, _width, groups.Rows.Slice(start, count), input);
        var (gate, up, activated) = (keep.Gate.Slice(start * inner, count * inner), keep.Up.Slice(start * inner, count * inner), keep.Activated.Slice(start * inner, count * inner));
        Project(Projection.Gate, first, end, groups, input, gate);
        Project(Projection.Up, first, end, groups, input, up);
        adapters?.AddExperts(index, AdapterSite.FeedForwardInput, first, end, groups, input, [gate, up]);
        Kernels.SwiGlu(pool, gate, up, activated);
        var results = arena.Take(count, _width);
        Project(Projection.Down, first, end, groups, activated, results);
        adapters?.AddExperts(index, AdapterSite.FeedForwardOutput, first, end, groups, activated, [results]);
        Kernels.MixExperts(pool, results, start, groups.Slots, keep.Weights, _parameters.PerToken, _width, output);
    }

    private void Project(Projection projection, int first, int end, ExpertGroups groups, FloatBuffer x, FloatBuffer y) =>
        Kernels.MatMulGrouped(pool, x, groups.Starts[first..(end + 1)], layer[projection][first..end], y);
}
