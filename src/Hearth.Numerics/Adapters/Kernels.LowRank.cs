namespace Hearth.Numerics;

/// <summary>Rows that one site serves: <paramref name="Count"/> entries of a list of rows, from <paramref name="Start"/> on.</summary>
public readonly record struct LowRankRun(int Start, int Count, LowRankSite Site);

public static unsafe partial class Kernels
{
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
        var mark = arena.Mark();
        var plan = new LowRankPlan(arena, x, rows, runs, outputs);
        plan.Reduce(pool);
        plan.Add(pool);
        arena.Release(mark);
        foreach (var run in runs) GC.KeepAlive(run.Site);
    }

    /// <summary>The same for one run of a site with one matrix. y: [T, N].</summary>
    /// <exception cref="ArgumentException">A length does not fit the shapes.</exception>
    public static void AddLowRank(ComputePool pool, Arena arena, FloatBuffer x, ReadOnlySpan<int> rows, in LowRankRun run, Span<float> y)
    {
        fixed (float* ys = y) AddLowRank(pool, arena, x, rows, [run], [new FloatBuffer(ys, y.Length)]);
    }
}
