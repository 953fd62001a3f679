using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// What adapters add to products of one x: y = fma(s, B(Ax), y), in two parts. Ax needs nothing but x, so its items run beside the base products
/// (<see cref="Kernels.MatMul(ComputePool, ReadOnlySpan{float}, int, ReadOnlySpan{Product}, in LowRankPlan)"/>), whose threads also fetch B; <see cref="Add"/> comes after them and
/// after biases. The default value adds nothing.
/// </summary>
public readonly unsafe struct LowRankPlan
{
    private const int Line = 64;
    private const int InlineProducts = 1 << 15; // fewer multiplications are done before a second thread has joined

    private readonly LowRankPart* _parts;
    private readonly LowRankUpdate* _updates;
    private readonly int _partCount, _updateCount, _addItems;
    private readonly long _addProducts;
    private readonly float* _x;
    private readonly int _inputs;

    /// <summary>Plans in memory of an arena, which holds Ax too; it may have it back after <see cref="Add"/>.</summary>
    /// <param name="arena">Gives memory.</param>
    /// <param name="x">[T, K].</param>
    /// <param name="rows">Rows of x and y, run by run; none twice.</param>
    /// <param name="runs">Which of them use which site; all sites have K inputs and as many members as there are outputs. They outlive the plan.</param>
    /// <param name="outputs">[T, N] for each member.</param>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public LowRankPlan(Arena arena, FloatBuffer x, ReadOnlySpan<int> rows, ReadOnlySpan<LowRankRun> runs, ReadOnlySpan<FloatBuffer> outputs)
    {
        if (runs.IsEmpty) return;
        _x = x.Pointer;
        _inputs = runs[0].Site.Inputs;
        int total = Shapes.Rows(x.Length, _inputs, nameof(LowRankPlan), nameof(x));
        foreach (var run in runs) RequireRun(run, _inputs, rows, total, outputs);
        var list = arena.TakeIntegers(rows.Length);
        rows.CopyTo(list);
        _parts = (LowRankPart*)arena.Take(runs.Length, (sizeof(LowRankPart) + 3) / 4).Pointer;
        _updates = (LowRankUpdate*)arena.Take(runs.Length * outputs.Length, (sizeof(LowRankUpdate) + 3) / 4).Pointer;
        foreach (var run in runs)
        {
            int stride = run.Site.Panels * LowRankSite.Lanes;
            float* u = arena.Take((run.Count + 3) / 4 * 4, stride).Pointer;
            int* own = list.Pointer + run.Start;
            ref var part = ref _parts[_partCount++];
            part = new() { A = run.Site.A, U = u, Rows = own, Count = run.Count, Panels = run.Site.Panels, Item = ReduceItems };
            ReduceItems += part.Items;
            for (int m = 0; m < outputs.Length; m++)
            {
                var member = run.Site.Members[m];
                if (member.Rank == 0) continue;
                ref var update = ref _updates[_updateCount++];
                update = new()
                {
                    B = run.Site.B(m),
                    U = u + run.Site.Column(m),
                    UStride = stride,
                    Rows = own,
                    Count = run.Count,
                    Y = outputs[m].Pointer,
                    Rank = member.Rank,
                    Outputs = member.Outputs,
                    Scale = member.Scale,
                    HasBias = member.HasBias,
                    Item = _addItems,
                };
                _addItems += update.Items;
                _addProducts += (long)run.Count * member.Rank * member.Outputs;
            }
        }
    }

    /// <summary>Items that make Ax.</summary>
    internal int ReduceItems { get; }

    /// <summary>One of <see cref="ReduceItems"/>.</summary>
    internal void Reduce<T>(int item, int thread) where T : unmanaged, ILanes<T> => new LowRankReduce(_parts, _partCount, _x, _inputs).Run<T>(item, thread);

    /// <summary>All of Ax, in a loop of its own.</summary>
    internal void Reduce(ComputePool pool)
    {
        if (ReduceItems > 0) LaneWork.For(pool, ReduceItems, new LowRankReduce(_parts, _partCount, _x, _inputs));
    }

    /// <summary>y = fma(s, Bu (+ bias), y), once the base model's y and Ax are there.</summary>
    public void Add(ComputePool pool)
    {
        if (_addItems > 0) LaneWork.For(pool, _addItems, new LowRankExpand(_updates, _updateCount), inline: _addProducts <= InlineProducts);
    }

    /// <summary>Asks for share <paramref name="share"/> of <paramref name="shares"/> of B, so that <see cref="Add"/> finds it in the caches.</summary>
    internal void Fetch(int share, int shares)
    {
        for (int i = 0; i < _updateCount; i++)
        {
            ref readonly var update = ref _updates[i];
            byte* bytes = (byte*)update.B;
            long lines = update.Bytes / Line;
            byte* end = bytes + lines * (share + 1) / shares * Line;
            for (bytes += lines * share / shares * Line; bytes < end; bytes += Line) Sse.Prefetch1(bytes);
        }
    }

    private static void RequireRun(in LowRankRun run, int inputs, ReadOnlySpan<int> rows, int total, ReadOnlySpan<FloatBuffer> outputs)
    {
        var site = run.Site;
        if (site.Inputs != inputs || site.Members.Length != outputs.Length)
            throw new ArgumentException($"LowRankPlan: a site has {site.Inputs} inputs and {site.Members.Length} members, expected {inputs} and {outputs.Length}.");
        for (int m = 0; m < outputs.Length; m++)
            if (site.Members[m].Rank > 0) Shapes.Require(outputs[m].Length, (long)total * site.Members[m].Outputs, nameof(LowRankPlan), nameof(outputs));
        foreach (int row in rows.Slice(run.Start, run.Count))
            if ((uint)row >= (uint)total) throw new ArgumentException($"LowRankPlan: row {row} is not in 0..{total - 1}.", nameof(rows));
    }
}
