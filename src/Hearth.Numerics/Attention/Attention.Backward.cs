using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    private const int BackwardQueries = 4;

    /// <summary>
    /// Gradients of <see cref="Attention"/> for segments that start at position 0. With P = exp(scale q k - logSumExp) and D = rowsum(dO * o):
    /// dV = P^T dO, dS = P * (dO V^T - D) * scale, dQ = dS K, dK = dS^T Q.
    /// </summary>
    /// <remarks>
    /// q, o, dO, dq: [T, H, E]. k, v, dk, dv: [T, K, E]. logSumExp: [T, H]. An item is (segment, key-value head) and owns its outputs (E10): key tiles ascending, query heads
    /// ascending, queries ascending; every output is one chain in that order.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a segment does not start at position 0.</exception>
    public static void AttentionBackward(ComputePool pool, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, ReadOnlySpan<AttentionSegment> segments,
        AttentionShape shape, ReadOnlySpan<float> o, ReadOnlySpan<float> dO, ReadOnlySpan<float> logSumExp, Span<float> dq, Span<float> dk, Span<float> dv, Arena scratch)
    {
        const string operation = nameof(AttentionBackward);
        int rows = Shapes.Rows(q.Length, shape.Heads * shape.HeadWidth, operation, nameof(q));
        Shapes.Require(o.Length, q.Length, operation, nameof(o));
        Shapes.Require(dO.Length, q.Length, operation, nameof(dO));
        Shapes.Require(dq.Length, q.Length, operation, nameof(dq));
        Shapes.Require(k.Length, rows * shape.KvHeads * shape.HeadWidth, operation, nameof(k));
        Shapes.Require(v.Length, k.Length, operation, nameof(v));
        Shapes.Require(dk.Length, k.Length, operation, nameof(dk));
        Shapes.Require(dv.Length, k.Length, operation, nameof(dv));
        Shapes.Require(logSumExp.Length, rows * shape.Heads, operation, nameof(logSumExp));
        foreach (var segment in segments)
            if (segment.FirstPosition != 0 || segment.QueryStart < 0 || segment.QueryCount > rows - segment.QueryStart)
                throw new ArgumentException($"{operation}: segment {segment} must start at position 0 and lie inside {rows} rows.");
        dq.Clear();
        dk.Clear();
        dv.Clear();
        var mark = scratch.Mark();
        int tileFloats = KvBlock * shape.HeadWidth;
        var tiles = scratch.Take(pool.Threads * 2 * tileFloats);
        fixed (float* qs = q, ks = k, vs = v, os = o, dos = dO, lse = logSumExp, dqs = dq, dks = dk, dvs = dv, ts = tiles.Span)
        fixed (AttentionSegment* parts = segments)
            LaneWork.For(pool, segments.Length * shape.KvHeads, new AttentionBackwardWork(qs, ks, vs, os, dos, lse, dqs, dks, dvs, ts, parts, shape));
        scratch.Release(mark);
    }

    private readonly struct AttentionBackwardWork(float* q, float* k, float* v, float* o, float* dO, float* logSumExp, float* dq, float* dk, float* dv, float* tiles,
        AttentionSegment* segments, AttentionShape shape) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            var segment = segments[item / shape.KvHeads];
            int kvHead = item % shape.KvHeads;
            int width = shape.HeadWidth, group = shape.Heads / shape.KvHeads;
            float* keysTransposed = tiles + (long)thread * 2 * KvBlock * width;
            float* valuesTransposed = keysTransposed + KvBlock * width;
            for (int first = 0; first < segment.QueryCount; first += KvBlock)
            {
                int count = Math.Min(KvBlock, segment.QueryCount - first);
                Transpose(k, segment.QueryStart + first, count, kvHead, keysTransposed);
                Transpose(v, segment.QueryStart + first, count, kvHead, valuesTransposed);
                for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
                    Tile<T>(segment, head, kvHead, first, count, keysTransposed, valuesTransposed);
            }
        }

        /// <summary>[count][E] rows of one head to [E][64], zeros behind the last key.</summary>
        private void Transpose(float* source, int row, int count, int kvHead, float* destination)
        {
            int width = shape.HeadWidth, stride = shape.KvHeads * width;
            float* from = source + (long)row * stride + kvHead * width;
            for (int e = 0; e < width; e++)
            {
                for (int j = 0; j < count; j++) destination[e * KvBlock + j] = from[(long)j * stride + e];
                for (int j = count; j < KvBlock; j++) destination[e * KvBlock + j] = 0;
            }
        }

        private void Tile<T>(AttentionSegment segment, int head, int kvHead, int first, int count, float* keysTransposed, float* valuesTransposed) where T : unmanaged, ILanes<T>
        {
            int width = shape.HeadWidth;
            int end = shape.Window > 0 ? Math.Min(segment.QueryCount, first + count - 1 + shape.Window) : segment.QueryCount;
            long queryStride = shape.Heads * width, keyStride = shape.KvHeads * width;
            long keyRow = (long)(segment.QueryStart + first) * keyStride + kvHead * width;
            float* probabilities = stackalloc float[BackwardQueries * KvBlock];
            float* dScores = stackalloc float[BackwardQueries * KvBlock];
            for (int t = first; t < end; t += BackwardQueries)
            {
                int queries = Math.Min(BackwardQueries, end - t);
                long queryRow = (segment.QueryStart + t) * queryStride + head * width;
                for (int i = 0; i < queries; i++)
                {
                    long row = queryRow + i * queryStride;
                    Scores<T>(row, (long)(segment.QueryStart + t + i) * shape.Heads + head, t + i - first, count, keysTransposed, valuesTransposed,
                        probabilities + i * KvBlock, dScores + i * KvBlock);
                    AddRows<T>(dScores + i * KvBlock, k + keyRow, keyStride, Visible(t + i - first, count), width, dq + row);
                }
                AddOuter<T>(probabilities, dO + queryRow, queryStride, queries, dv + keyRow, keyStride, count, width);
                AddOuter<T>(dScores, q + queryRow, queryStride, queries, dk + keyRow, keyStride, count, width);
            }
        }

        // Causality alone: keys that a window hides have probability 0 and add nothing.
        private static int Visible(int offset, int count) => Math.Min(offset + 1, count);

        /// <summary>P and dS of one query over a tile; 0 where a key is not visible. <paramref name="offset"/>: the query's position less the tile's first.</summary>
        private void Scores<T>(long row, long headRow, int offset, int count, float* keysTransposed, float* valuesTransposed, float* probabilities, float* dScores)
            where T : unmanaged, ILanes<T>
        {
            int width = shape.HeadWidth;
            TileScores<T>(q + row, keysTransposed, width, probabilities);
            TileScores<T>(dO + row, valuesTransposed, width, dScores);
            var scale = T.Create(shape.Scale);
            var shift = T.Create(logSumExp[headRow]);
            var delta = T.Create(Reductions.Dot<T>(dO + row, o + row, width));
            for (int j = 0; j < KvBlock; j += 16)
            {
                var probability = VectorMath.Exp(T.Load(probabilities + j) * scale - shift);
                T.Store(probability, probabilities + j);
                T.Store(probability * (T.Load(dScores + j) - delta) * scale, dScores + j);
            }
            int low = shape.Window > 0 ? Math.Max(0, offset - shape.Window + 1) : 0;
            int high = Visible(offset, count);
            for (int j = 0; j < KvBlock; j++)
                if (j < low || j >= high) probabilities[j] = dScores[j] = 0;
        }

        /// <summary>y[e] continues its chain: y = fma(weights[j], rows[j][e], y), j ascending.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddRows<T>(float* weights, float* rows, long stride, int count, int width, float* y) where T : unmanaged, ILanes<T>
        {
            for (int e = 0; e < width; e += 16)
            {
                int lanes = Math.Min(16, width - e);
                var sum = LoadUpTo<T>(y + e, lanes);
                for (int j = 0; j < count; j++) sum = T.Fma(T.Create(weights[j]), LoadUpTo<T>(rows + j * stride + e, lanes), sum);
                StoreUpTo(sum, y + e, lanes);
            }
        }

        /// <summary>y[j][e] continues its chain over the queries, ascending: y[j] = fma(weights[i][j], x[i], y[j]).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void AddOuter<T>(float* weights, float* x, long xStride, int queries, float* y, long yStride, int count, int width) where T : unmanaged, ILanes<T>
        {
            for (int e = 0; e < width; e += 16)
            {
                int lanes = Math.Min(16, width - e);
                T x0 = LoadUpTo<T>(x + e, lanes), zero = T.Create(0f);
                T x1 = queries > 1 ? LoadUpTo<T>(x + xStride + e, lanes) : zero;
                T x2 = queries > 2 ? LoadUpTo<T>(x + 2 * xStride + e, lanes) : zero;
                T x3 = queries > 3 ? LoadUpTo<T>(x + 3 * xStride + e, lanes) : zero;
                for (int j = 0; j < count; j++)
                {
                    float* row = y + j * yStride + e;
                    var sum = T.Fma(T.Create(weights[j]), x0, LoadUpTo<T>(row, lanes));
                    if (queries > 1) sum = T.Fma(T.Create(weights[KvBlock + j]), x1, sum);
                    if (queries > 2) sum = T.Fma(T.Create(weights[2 * KvBlock + j]), x2, sum);
                    if (queries > 3) sum = T.Fma(T.Create(weights[3 * KvBlock + j]), x3, sum);
                    StoreUpTo(sum, row, lanes);
                }
            }
        }
    }
}
