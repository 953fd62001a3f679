namespace Hearth.Numerics;

/// <summary>Rows that one site serves: <paramref name="Count"/> entries of a list of rows, from <paramref name="Start"/> on.</summary>
public readonly record struct LowRankRun(int Start, int Count, LowRankSite Site);

public static unsafe partial class Kernels
{
    private const int RunsAtATime = 64;

    /// <summary>
    /// y = fma(s, B(Ax), y) for the matrices of each run's site, many adapters of mixed rank in two parallel loops: all products with A, then all with B. Bits are those of
    /// the three steps one by one (E2); a row that no run names is not touched.
    /// </summary>
    /// <param name="pool">Threads.</param>
    /// <param name="arena">Gives room for Ax, and has it back afterwards.</param>
    /// <param name="x">[T, K].</param>
    /// <param name="rows">Rows of x and y, run by run; none twice.</param>
    /// <param name="runs">Which of them use which site; all sites have K inputs and as many members as there are outputs.</param>
    /// <param name="outputs">[T, N] for each member.</param>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void AddLowRank(ComputePool pool, Arena arena, FloatBuffer x, ReadOnlySpan<int> rows, ReadOnlySpan<LowRankRun> runs, ReadOnlySpan<FloatBuffer> outputs)
    {
        for (; runs.Length > RunsAtATime; runs = runs[RunsAtATime..]) AddLowRankOf(pool, arena, x, rows, runs[..RunsAtATime], outputs);
        AddLowRankOf(pool, arena, x, rows, runs, outputs);
    }

    /// <summary>The same for one run of a site with one matrix. y: [T, N].</summary>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void AddLowRank(ComputePool pool, Arena arena, FloatBuffer x, ReadOnlySpan<int> rows, in LowRankRun run, Span<float> y)
    {
        fixed (float* ys = y) AddLowRankOf(pool, arena, x, rows, [run], [new FloatBuffer(ys, y.Length)]);
    }

    private static void AddLowRankOf(ComputePool pool, Arena arena, FloatBuffer x, ReadOnlySpan<int> rows, ReadOnlySpan<LowRankRun> runs, ReadOnlySpan<FloatBuffer> outputs)
    {
        if (runs.IsEmpty) return;
        var mark = arena.Mark();
        var parts = stackalloc LowRankPart[runs.Length];
        var updates = stackalloc LowRankUpdate[runs.Length * outputs.Length];
        int inputs = runs[0].Site.Inputs, updateCount = 0, partItems = 0, updateItems = 0;
        int total = Shapes.Rows(x.Length, inputs, nameof(AddLowRank), nameof(x));
        fixed (int* rowList = rows)
        fixed (float* xs = x.Span)
        {
            for (int i = 0; i < runs.Length; i++)
            {
                var run = runs[i];
                RequireRun(run, inputs, rows, total, outputs);
                int stride = run.Site.Panels * LowRankSite.Lanes;
                fixed (float* u = arena.Take((run.Count + 3) / 4 * 4, stride).Span)
                {
                    parts[i] = new() { A = run.Site.A, U = u, Rows = rowList + run.Start, Count = run.Count, Panels = run.Site.Panels, Item = partItems };
                    partItems += parts[i].Items;
                    for (int m = 0; m < outputs.Length; m++)
                    {
                        var member = run.Site.Members[m];
                        if (member.Rank == 0) continue;
                        fixed (float* y = outputs[m].Span)
                            updates[updateCount] = new()
                            {
                                B = run.Site.B(m), U = u + run.Site.Column(m), UStride = stride, Rows = rowList + run.Start, Count = run.Count, Y = y,
                                Rank = member.Rank, Outputs = member.Outputs, Scale = member.Scale, HasBias = member.HasBias, Item = updateItems,
                            };
                        updateItems += updates[updateCount++].Items;
                    }
                }
            }
            LaneWork.For(pool, partItems, new LowRankReduce(parts, runs.Length, xs, inputs));
            LaneWork.For(pool, updateItems, new LowRankExpand(updates, updateCount));
        }
        foreach (var run in runs) GC.KeepAlive(run.Site);
        arena.Release(mark);
    }

    private static void RequireRun(in LowRankRun run, int inputs, ReadOnlySpan<int> rows, int total, ReadOnlySpan<FloatBuffer> outputs)
    {
        var site = run.Site;
        if (site.Inputs != inputs || site.Members.Length != outputs.Length)
            throw new ArgumentException($"AddLowRank: a site has {site.Inputs} inputs and {site.Members.Length} members, expected {inputs} and {outputs.Length}.");
        for (int m = 0; m < outputs.Length; m++)
            if (site.Members[m].Rank > 0) Shapes.Require(outputs[m].Length, (long)total * site.Members[m].Outputs, nameof(AddLowRank), nameof(outputs));
        foreach (int row in rows.Slice(run.Start, run.Count))
            if ((uint)row >= (uint)total) throw new ArgumentException($"AddLowRank: row {row} is not in 0..{total - 1}.", nameof(rows));
    }
}
