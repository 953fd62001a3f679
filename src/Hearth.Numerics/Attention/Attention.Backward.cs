using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>
    /// Gradients of <see cref="Attention"/> for segments that start at position 0. With P = exp(scale q k - logSumExp) and D = rowsum(dO * o):
    /// dV = P^T dO, dS = P * (dO V^T - D) * scale, dQ = dS K, dK = dS^T Q. arXiv:2205.14135, algorithm 4.
    /// </summary>
    /// <remarks>
    /// q, o, dO, dq: [T, H, E]. k, v, dk, dv: [T, K, E]. logSumExp: [T, H]. Gradients overwrite; outputs overlap nothing. P is computed again, tile by tile.
    /// An output is one chain (E1): dQ over keys ascending; dK and dV over the query heads of the group, then queries, ascending (E10).
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
        Shapes.Require(k.Length, (long)rows * shape.KvHeads * shape.HeadWidth, operation, nameof(k));
        Shapes.Require(v.Length, k.Length, operation, nameof(v));
        Shapes.Require(dk.Length, k.Length, operation, nameof(dk));
        Shapes.Require(dv.Length, k.Length, operation, nameof(dv));
        Shapes.Require(logSumExp.Length, (long)rows * shape.Heads, operation, nameof(logSumExp));
        int blocks = 0;
        foreach (var segment in segments)
        {
            if (segment.FirstPosition != 0 || segment.QueryStart < 0 || segment.QueryCount < 0 || segment.QueryCount > rows - segment.QueryStart)
                throw new ArgumentException($"{operation}: segment {segment} must start at position 0 and lie inside {rows} rows.", nameof(segments));
            blocks += LaneWork.Items(segment.QueryCount, KvBlock);
        }
        dq.Clear();
        dk.Clear();
        dv.Clear();
        var mark = scratch.Mark();
        var tiles = scratch.Take(checked(pool.Threads * AttentionGradients.ScratchFloats(shape.HeadWidth)));
        fixed (float* qs = q, ks = k, vs = v, os = o, dos = dO, lse = logSumExp, dqs = dq, dks = dk, dvs = dv, ts = tiles.Span)
        fixed (AttentionSegment* parts = segments)
        {
            var gradients = new AttentionGradients(qs, ks, vs, os, dos, lse, dqs, dks, dvs, ts, shape);
            if (segments.Length * shape.KvHeads >= pool.Threads)
            {
                // Enough sequences for all threads: every score is computed again once.
                LaneWork.For(pool, segments.Length * shape.KvHeads, new AttentionBackwardWork(gradients, parts, segments.Length, BackwardItem.Segment));
            }
            else
            {
                // A few long sequences: finer items, which compute scores once for the keys' side and once for the queries'. The chains are the same.
                LaneWork.For(pool, blocks * shape.KvHeads, new AttentionBackwardWork(gradients, parts, segments.Length, BackwardItem.KeyTile));
                LaneWork.For(pool, blocks * shape.KvHeads, new AttentionBackwardWork(gradients, parts, segments.Length, BackwardItem.QueryBlock));
            }
        }
        scratch.Release(mark);
    }

    private enum BackwardItem
    {
        /// <summary>All gradients of a segment and key-value head.</summary>
        Segment,
        /// <summary>dK and dV of 64 keys.</summary>
        KeyTile,
        /// <summary>dQ of 64 queries, all heads of the group.</summary>
        QueryBlock,
    }

    private readonly struct AttentionBackwardWork(AttentionGradients gradients, AttentionSegment* segments, int segmentCount, BackwardItem kind) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int kvHeads = gradients.Shape.KvHeads, kvHead = item % kvHeads, block = item / kvHeads, index = 0;
            if (kind == BackwardItem.Segment)
            {
                var whole = segments[block];
                for (int tile = 0; tile * KvBlock < whole.QueryCount; tile++)
                    gradients.Tile<T>(whole, kvHead, tile, 0, whole.QueryCount, keys: true, queries: true, thread);
                return;
            }
            for (; index < segmentCount - 1; index++)
            {
                int count = LaneWork.Items(segments[index].QueryCount, KvBlock);
                if (block < count) break;
                block -= count;
            }
            var segment = segments[index];
            if (kind == BackwardItem.KeyTile)
            {
                gradients.Tile<T>(segment, kvHead, block, 0, segment.QueryCount, keys: true, queries: false, thread);
                return;
            }
            int first = block * QueryBlock, end = Math.Min(segment.QueryCount, first + QueryBlock);
            int firstTile = gradients.Shape.Window > 0 ? Math.Max(0, first - gradients.Shape.Window + 1) / KvBlock : 0;
            for (int tile = firstTile; tile <= block; tile++)
                gradients.Tile<T>(segment, kvHead, tile, first, end, keys: false, queries: true, thread);
        }
    }

    private readonly struct AttentionGradients(float* q, float* k, float* v, float* o, float* dO, float* logSumExp, float* dq, float* dk, float* dv,
        float* scratch, AttentionShape shape)
    {
        public readonly AttentionShape Shape = shape;

        /// <summary>Of one thread: transposed keys and values of a tile, P and dS of a block of queries.</summary>
        public static int ScratchFloats(int width) => 2 * KvBlock * width + 2 * QueryBlock * KvBlock;

        /// <summary>What one tile of keys and queries firstQuery..endQuery of a segment give each other.</summary>
        public void Tile<T>(AttentionSegment segment, int kvHead, int tile, int firstQuery, int endQuery, bool keys, bool queries, int thread)
            where T : unmanaged, ILanes<T>
        {
            int width = Shape.HeadWidth, firstKey = tile * KvBlock;
            int count = Math.Min(KvBlock, segment.QueryCount - firstKey);
            nint keyStride = (nint)Shape.KvHeads * width, queryStride = (nint)Shape.Heads * width;
            float* keysT = scratch + (long)thread * ScratchFloats(width);
            float* valuesT = keysT + KvBlock * width;
            float* p = valuesT + KvBlock * width;
            float* ds = p + QueryBlock * KvBlock;
            long keyRow = (segment.QueryStart + firstKey) * (long)keyStride + kvHead * width;
            Transpose(k + keyRow, keyStride, count, width, keysT, KvBlock);
            Transpose(v + keyRow, keyStride, count, width, valuesT, KvBlock);
            if (Shape.Window > 0) endQuery = (int)Math.Min(endQuery, (long)firstKey + count - 1 + Shape.Window);
            for (int head = kvHead * Shape.Group; head < (kvHead + 1) * Shape.Group; head++)
            {
                for (int query = Math.Max(firstKey, firstQuery); query < endQuery; query += QueryBlock)
                {
                    int rows = Math.Min(QueryBlock, endQuery - query);
                    long queryRow = (segment.QueryStart + query) * (long)queryStride + head * width;
                    float* sums = logSumExp + (long)(segment.QueryStart + query) * Shape.Heads + head;
                    Scores<T>(queryRow, sums, rows, query - firstKey, count, keysT, valuesT, p, ds);
                    if (queries)
                        SmallProduct.Run<T>(ds, KvBlock, 1, k + keyRow, keyStride, count, dq + queryRow, queryStride, rows, width, resume: true);
                    if (!keys) continue;
                    SmallProduct.Run<T>(p, 1, KvBlock, dO + queryRow, queryStride, rows, dv + keyRow, keyStride, count, width, resume: true);
                    SmallProduct.Run<T>(ds, 1, KvBlock, q + queryRow, queryStride, rows, dk + keyRow, keyStride, count, width, resume: true);
                }
            }
        }

        /// <summary>P and dS of some queries and a tile of keys, [rows][64]: 0 where a key is not visible. <paramref name="offset"/>: the first query's position less the first key's.</summary>
        private void Scores<T>(long queryRow, float* sums, int rows, int offset, int keyCount, float* keysT, float* valuesT, float* p, float* ds)
            where T : unmanaged, ILanes<T>
        {
            int width = Shape.HeadWidth, columns = (keyCount + 15) & ~15; // lanes behind the last key hold anything and are thrown away
            nint stride = (nint)Shape.Heads * width;
            SmallProduct.Run<T>(q + queryRow, stride, 1, keysT, KvBlock, width, p, KvBlock, rows, columns, resume: false);
            SmallProduct.Run<T>(dO + queryRow, stride, 1, valuesT, KvBlock, width, ds, KvBlock, rows, columns, resume: false);
            for (int i = 0; i < rows; i++)
            {
                int low = Shape.Window > 0 ? Math.Max(0, offset + i - Shape.Window + 1) : 0;
                int high = Math.Min(offset + i + 1, keyCount);
                float delta = Reductions.Dot<T>(dO + queryRow + i * stride, o + queryRow + i * stride, width);
                ScoreRow<T>(p + i * KvBlock, ds + i * KvBlock, columns, low, high, Shape.Scale, sums[(long)i * Shape.Heads], delta);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private static void ScoreRow<T>(float* p, float* ds, int columns, int low, int high, float scale, float logSumExp, float delta)
            where T : unmanaged, ILanes<T>
        {
            T scales = T.Create(scale), shift = T.Create(logSumExp), deltas = T.Create(delta), zero = T.Create(0f);
            for (int j = 0; j < columns; j += 16)
            {
                var probability = VectorMath.Exp(T.Load(p + j) * scales - shift);
                var slope = probability * (T.Load(ds + j) - deltas) * scales;
                if (j < low || j + 16 > high)
                {
                    // Selected, not multiplied: an unused lane may hold NaN.
                    T index = T.Indices(), from = T.Create((float)(low - j)), to = T.Create((float)(high - j));
                    probability = T.IfLess(index, from, zero, T.IfLess(index, to, probability, zero));
                    slope = T.IfLess(index, from, zero, T.IfLess(index, to, slope, zero));
                }
                T.Store(probability, p + j);
                T.Store(slope, ds + j);
            }
        }
    }
}
