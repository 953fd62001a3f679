using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Adds the gradient leaves of an optimizer step by a fixed binary tree over their index: neighbours first, an odd one moves up
/// (docs/exactness.md, E8). A carry stack, like a binary counter: log2(leaves) + 1 buffers, and the sum does not depend on how leaves were grouped into
/// micro-batches.
/// </summary>
public sealed class GradientTree(ParameterSet parameters, ComputePool pool) : IDisposable
{
    private readonly List<(int Level, ParameterGradients Sum)> _carries = [];
    private readonly Stack<ParameterGradients> _free = new();

    /// <summary>An unused buffer for the next leaf.</summary>
    public ParameterGradients Rent() => _free.TryPop(out var buffer) ? buffer : new ParameterGradients(parameters);

    /// <summary>Adds the next leaf, in order of its index; takes the buffer over.</summary>
    public void Add(ParameterGradients leaf)
    {
        int level = 0;
        while (_carries.Count > 0 && _carries[^1].Level == level)
        {
            leaf = Merge(_carries[^1].Sum, leaf);
            _carries.RemoveAt(_carries.Count - 1);
            level++;
        }
        _carries.Add((level, leaf));
    }

    /// <summary>Adds what is left from the right and returns the total; give it back with <see cref="Return"/>.</summary>
    /// <exception cref="InvalidOperationException">No leaf was added.</exception>
    public ParameterGradients Finish()
    {
        if (_carries.Count == 0) throw new InvalidOperationException("GradientTree: no leaf was added in this step.");
        var total = _carries[^1].Sum;
        for (int i = _carries.Count - 2; i >= 0; i--) total = Merge(_carries[i].Sum, total);
        _carries.Clear();
        return total;
    }

    /// <summary>Gives a buffer back.</summary>
    public void Return(ParameterGradients buffer) => _free.Push(buffer);

    // left += right: a sum of two does not depend on its order, so the left buffer can take it.
    private ParameterGradients Merge(ParameterGradients left, ParameterGradients right)
    {
        Kernels.Add(pool, right.Values, left.Values);
        _free.Push(right);
        return left;
    }

    /// <summary>Frees all buffers.</summary>
    public void Dispose()
    {
        foreach (var (_, sum) in _carries) sum.Dispose();
        foreach (var buffer in _free) buffer.Dispose();
        _carries.Clear();
        _free.Clear();
    }
}
