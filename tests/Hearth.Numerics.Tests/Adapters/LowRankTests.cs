using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Rule E2: y = fma(s, B(Ax) + bias, y) with B and A each one chain, whatever runs beside it.</summary>
public sealed class LowRankTests
{
    public static TheoryData<SimdLevel, int> Levels => MatMulTests.Levels();

    private static readonly int[][] Ranks = [[1, 0, 3], [16, 16, 16], [8, 8, 8], [64, 4, 17], [0, 5, 0], [2, 33, 16]];
    private static readonly int[] Widths = [100, 17, 33]; // off every tile
    private static readonly int[] Counts = [1, 2, 3, 4, 5, 7, 64, 65, 130];

    [Theory, MemberData(nameof(Levels))]
    public void Every_update_is_two_chains_and_one_multiply_add(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        using var arena = new Arena();
        foreach (int count in Counts)
            foreach (int inputs in (int[])[1, 37, 96])
            {
                // Rows of one run lie apart: every other row belongs to nobody.
                using var batch = new Batch(inputs, 2 * count + 1);
                int[] rows = [.. Enumerable.Range(0, count).Select(i => 2 * i + 1)];
                using var adapter = new Adapter(inputs, Ranks[count % Ranks.Length], seed: count, hasBias: count % 2 == 0);
                var expected = batch.Outputs();
                adapter.Reference(batch, rows, expected, fused: level != SimdLevel.Portable);
                batch.Add(pool, arena, rows, [new LowRankRun(0, count, adapter.Site)]);
                RequireEqual(expected, batch, $"{count} rows, {inputs} inputs");
            }
    }

    [Theory, MemberData(nameof(Levels))]
    public void Adapters_of_mixed_rank_do_not_meet(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        using var arena = new Arena();
        const int inputs = 70, adapters = 130;
        int[] counts = [.. Enumerable.Range(0, adapters).Select(i => Counts[i % 6])];
        int total = counts.Sum();
        using var batch = new Batch(inputs, total);
        int[] rows = [.. Enumerable.Range(0, total).OrderBy(i => (i * 7919L) % 10007)]; // rows of an adapter are scattered
        var expected = batch.Outputs();
        var owned = new List<Adapter>();
        var runs = new List<LowRankRun>();
        foreach (int count in counts)
        {
            var adapter = new Adapter(inputs, Ranks[owned.Count % Ranks.Length], owned.Count, hasBias: owned.Count % 3 == 0);
            int start = runs.Sum(run => run.Count);
            adapter.Reference(batch, rows.AsSpan(start, count), expected, fused: level != SimdLevel.Portable);
            runs.Add(new(start, count, adapter.Site));
            owned.Add(adapter);
        }
        batch.Add(pool, arena, rows, [.. runs]);
        RequireEqual(expected, batch, "mixed ranks");
        owned.ForEach(adapter => adapter.Dispose());
    }

    [Theory, MemberData(nameof(Levels))]
    public void The_bits_are_those_of_the_products_that_training_runs(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        using var arena = new Arena();
        foreach (int count in Counts)
        {
            using var batch = new Batch(96, count);
            using var adapter = new Adapter(96, [16, 4, 8], seed: 3, hasBias: false);
            var expected = batch.Outputs();
            for (int m = 0; m < Widths.Length; m++)
            {
                float[] u = new float[count * adapter.Shapes[m].Rank], change = new float[count * Widths[m]];
                Kernels.MatMul(pool, batch.X.Span, count, adapter.A[m], adapter.Shapes[m].Rank, 96, u);
                Kernels.MatMul(pool, u, count, adapter.B[m], Widths[m], adapter.Shapes[m].Rank, change);
                Kernels.AddScaled(pool, change, adapter.Shapes[m].Scale, expected[m]);
            }
            batch.Add(pool, arena, [.. Enumerable.Range(0, count)], [new LowRankRun(0, count, adapter.Site)]);
            RequireEqual(expected, batch, $"{count} rows");
        }
    }

    [Theory, MemberData(nameof(Levels))]
    public void Products_that_make_Ax_beside_theirs_give_the_same_bits(SimdLevel level, int threads)
    {
        using var _ = Simd.Force(level);
        using var pool = new ComputePool(threads);
        using var arena = new Arena();
        const int inputs = 96;
        PackedWeight[] bases = [.. Widths.Select((width, m) => PackedWeight.PackFloat32(Sample.Floats(70 + m, width * inputs), width, inputs))];
        foreach (int count in Counts)
        {
            using Batch apart = new(inputs, count), together = new(inputs, count);
            using Adapter first = new(inputs, [16, 0, 8], seed: 4, hasBias: true), second = new(inputs, [3, 40, 16], seed: 5, hasBias: false);
            int[] rows = [.. Enumerable.Range(0, count).Reverse()];
            LowRankRun[] runs = [new(0, count / 3, first.Site), new(count / 3, count - count / 3, second.Site)];
            Product[] Products(Batch batch) => [.. Widths.Select((_, m) => new Product(bases[m], batch.Y[m]))];
            Kernels.MatMul(pool, apart.X.Span, count, Products(apart));
            apart.Add(pool, arena, rows, runs);
            var plan = new LowRankPlan(arena, together.X, rows, runs, together.Y);
            Kernels.MatMul(pool, together.X.Span, count, Products(together), plan);
            plan.Add(pool);
            RequireEqual(apart.Outputs(), together, $"{count} rows");
        }
        foreach (var weight in bases) weight.Dispose();
    }

    [Fact]
    public void A_row_outside_the_batch_is_refused()
    {
        using var pool = new ComputePool(1);
        using var arena = new Arena();
        using var batch = new Batch(8, 2);
        using var adapter = new Adapter(8, [2, 2, 2], seed: 1, hasBias: false);
        Assert.Throws<ArgumentException>(() => batch.Add(pool, arena, [2], [new LowRankRun(0, 1, adapter.Site)]));
    }

    private static void RequireEqual(float[][] expected, Batch batch, string what)
    {
        for (int m = 0; m < expected.Length; m++) ChainReference.AssertSameBits(expected[m], batch.Y[m].Span, $"{what}, output {m}");
    }

    /// <summary>x and three outputs.</summary>
    private sealed class Batch : IDisposable
    {
        private readonly Arena _memory = new();

        public Batch(int inputs, int rows)
        {
            X = Filled(Sample.Floats(1, rows * inputs));
            Y = [.. Widths.Select((width, m) => Filled(Sample.Floats(10 + m, rows * width)))];
        }

        public FloatBuffer X { get; }

        public FloatBuffer[] Y { get; }

        public float[][] Outputs() => [.. Y.Select(y => y.Span.ToArray())];

        public void Add(ComputePool pool, Arena arena, int[] rows, LowRankRun[] runs) => Kernels.AddLowRank(pool, arena, X, rows, runs, Y);

        public void Dispose() => _memory.Dispose();

        private FloatBuffer Filled(float[] values)
        {
            var buffer = _memory.Take(values.Length);
            values.CopyTo(buffer.Span);
            return buffer;
        }
    }

    private sealed class Adapter : IDisposable
    {
        private readonly Arena _memory = new();
        private readonly float[][] _bias;
        private readonly int _inputs;

        public Adapter(int inputs, int[] ranks, int seed, bool hasBias)
        {
            _inputs = inputs;
            Shapes = [.. ranks.Select((rank, m) => new LowRankShape(rank, Widths[m], 0.3f + m, hasBias && rank > 0))];
            A = [.. ranks.Select((rank, m) => Sample.Floats(100 * seed + m, rank * inputs))];
            B = [.. ranks.Select((rank, m) => Sample.Floats(100 * seed + 10 + m, Widths[m] * rank))];
            _bias = [.. Shapes.Select((shape, m) => shape.HasBias ? Sample.Floats(100 * seed + 20 + m, Widths[m]) : [])];
            Site = new LowRankSite(inputs, Shapes, _memory.TakeZeroed((int)LowRankSite.FloatsFor(inputs, Shapes)));
            for (int m = 0; m < ranks.Length; m++)
                if (ranks[m] > 0) Site.Pack(m, A[m], B[m], _bias[m]);
        }

        public LowRankShape[] Shapes { get; }

        public float[][] A { get; }

        public float[][] B { get; }

        public LowRankSite Site { get; }

        public void Reference(Batch batch, ReadOnlySpan<int> rows, float[][] y, bool fused)
        {
            foreach (int row in rows)
                for (int m = 0; m < Shapes.Length; m++)
                {
                    int rank = Shapes[m].Rank, width = Widths[m], inputs = _inputs;
                    if (rank == 0) continue;
                    float[] x = batch.X.Span.Slice(row * inputs, inputs).ToArray(), u = new float[rank], change = new float[width], a = A[m], b = B[m];
                    ChainReference.Product(1, rank, inputs, (_, k) => x[k], (k, r) => a[r * inputs + k], u, accumulate: false, fused);
                    ChainReference.Product(1, width, rank, (_, r) => u[r], (r, n) => b[n * rank + r], change, accumulate: false, fused);
                    for (int n = 0; n < width; n++)
                    {
                        if (Shapes[m].HasBias) change[n] += _bias[m][n];
                        ref float target = ref y[m][row * width + n];
                        target = fused ? MathF.FusedMultiplyAdd(Shapes[m].Scale, change[n], target) : Shapes[m].Scale * change[n] + target;
                    }
                }
        }

        public void Dispose() => _memory.Dispose();
    }
}
