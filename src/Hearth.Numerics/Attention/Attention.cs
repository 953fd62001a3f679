using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    private const int QueriesPerItem = 16;

    /// <summary>
    /// Causal attention over paged keys and values: o = softmax(scale q K^T) V with the online softmax of arXiv:1805.02867 over tiles of 64 keys
    /// counted from position 0, ascending; one state (m, l, o) per query and head (E5).
    /// </summary>
    /// <remarks>
    /// q, o: [T, H, E]. logSumExp: [T, H], or empty; log of the sum of exponentials of the scaled scores, for the backward pass. The step's keys and values
    /// were written before. A work item is (segment, head, 16 queries); keys are never split, so threads change nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a segment reaches outside its blocks.</exception>
    public static void Attention(ComputePool pool, ReadOnlySpan<float> q, ReadOnlySpan<AttentionSegment> segments, ReadOnlySpan<int> blockTable, KvLayer layer,
        AttentionShape shape, Span<float> o, Span<float> logSumExp)
    {
        int rows = Shapes.Rows(q.Length, shape.Heads * shape.HeadWidth, nameof(Attention), nameof(q));
        Shapes.Require(o.Length, q.Length, nameof(Attention), nameof(o));
        if (!logSumExp.IsEmpty) Shapes.Require(logSumExp.Length, rows * shape.Heads, nameof(Attention), nameof(logSumExp));
        RequireShape(shape, layer, nameof(Attention));
        RequireSegments(segments, rows, blockTable, layer, nameof(Attention));
        int blocks = 0;
        foreach (var segment in segments) blocks += (segment.QueryCount + QueriesPerItem - 1) / QueriesPerItem;
        fixed (float* qs = q, os = o, lse = logSumExp, keys = layer.Keys.Span, values = layer.Values.Span)
        fixed (int* table = blockTable)
        fixed (AttentionSegment* parts = segments)
            LaneWork.For(pool, blocks * shape.Heads, new AttentionWork(qs, os, lse, keys, values, table, parts, segments.Length, shape));
    }

    private static void RequireShape(AttentionShape shape, KvLayer layer, string operation)
    {
        if (shape.KvHeads != layer.KvHeads || shape.HeadWidth != layer.HeadWidth || shape.Heads % shape.KvHeads != 0)
            throw new ArgumentException($"{operation}: {shape} does not fit a layer of {layer.KvHeads} heads of width {layer.HeadWidth}.");
    }

    private readonly struct AttentionWork(float* q, float* o, float* logSumExp, float* keys, float* values, int* table, AttentionSegment* segments,
        int segmentCount, AttentionShape shape) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int head = item % shape.Heads;
            int block = item / shape.Heads;
            for (int s = 0; s < segmentCount; s++)
            {
                int count = (segments[s].QueryCount + QueriesPerItem - 1) / QueriesPerItem;
                if (block < count)
                {
                    Queries<T>(segments[s], head, block * QueriesPerItem);
                    return;
                }
                block -= count;
            }
        }

        private void Queries<T>(AttentionSegment segment, int head, int first) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(first + QueriesPerItem, segment.QueryCount);
            int width = shape.HeadWidth;
            int kvHead = head / (shape.Heads / shape.KvHeads);
            for (int t = first; t < end; t++)
            {
                long row = ((long)(segment.QueryStart + t) * shape.Heads + head);
                Query<T>(q + row * width, o + row * width, logSumExp == null ? null : logSumExp + row, segment.FirstPosition + t, table + segment.TableStart, kvHead);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        private void Query<T>(float* query, float* output, float* lse, int position, int* blocks, int kvHead) where T : unmanaged, ILanes<T>
        {
            int width = shape.HeadWidth;
            int from = shape.Window > 0 ? Math.Max(0, position - shape.Window + 1) : 0;
            float* scores = stackalloc float[KvBlock];
            float max = float.NegativeInfinity, sum = 0;
            new Span<float>(output, width).Clear();
            for (int tile = from / KvBlock; tile <= position / KvBlock; tile++)
            {
                long at = ((long)blocks[tile] * shape.KvHeads + kvHead) * width * KvBlock;
                int low = Math.Max(from - tile * KvBlock, 0);
                int high = Math.Min(position - tile * KvBlock + 1, KvBlock);
                TileScores<T>(query, keys + at, width, scores);
                float tileMax = ScaleAndMask<T>(scores, low, high, shape.Scale);
                float newMax = tileMax > max ? tileMax : max;
                float correction = VectorMath.ExpOf<T>(max - newMax);
                float tileSum = Exponentials<T>(scores, newMax);
                sum = T.First(T.Fma(T.Create(sum), T.Create(correction), T.Create(tileSum)));
                max = newMax;
                AddValues<T>(scores, low, high, values + at, width, correction, output);
            }
            Multiply<T>(output, width, 1f / sum);
            if (lse != null) *lse = max + VectorMath.LogOf<T>(sum);
        }
    }

    /// <summary>scores[j] = chain over e of q[e] * K[e][j]: a lane is a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TileScores<T>(float* query, float* keys, int width, float* scores) where T : unmanaged, ILanes<T>
    {
        T s0 = T.Create(0f), s1 = s0, s2 = s0, s3 = s0;
        for (int e = 0; e < width; e++, keys += KvBlock)
        {
            var factor = T.Create(query[e]);
            s0 = T.Fma(factor, T.Load(keys), s0);
            s1 = T.Fma(factor, T.Load(keys + 16), s1);
            s2 = T.Fma(factor, T.Load(keys + 32), s2);
            s3 = T.Fma(factor, T.Load(keys + 48), s3);
        }
        T.Store(s0, scores);
        T.Store(s1, scores + 16);
        T.Store(s2, scores + 32);
        T.Store(s3, scores + 48);
    }

    /// <summary>Scales the visible scores, puts -inf where a key is not visible (its page may be stale) and returns the maximum.</summary>
    private static float ScaleAndMask<T>(float* scores, int low, int high, float scale) where T : unmanaged, ILanes<T>
    {
        for (int j = 0; j < low; j++) scores[j] = float.NegativeInfinity;
        for (int j = high; j < KvBlock; j++) scores[j] = float.NegativeInfinity;
        var factor = T.Create(scale);
        for (int j = 0; j < KvBlock; j += 16) T.Store(T.Load(scores + j) * factor, scores + j);
        return Reductions.Max<T>(scores, KvBlock);
    }

    /// <summary>scores = exp(scores - max), 0 where not visible; returns their sum by E3.</summary>
    private static float Exponentials<T>(float* scores, float max) where T : unmanaged, ILanes<T>
    {
        var subtract = T.Create(max);
        for (int j = 0; j < KvBlock; j += 16) T.Store(VectorMath.Exp(T.Load(scores + j) - subtract), scores + j);
        return Reductions.Sum<T>(scores, KvBlock);
    }

    /// <summary>o = o * correction, then its chains over the visible keys, ascending: a lane is a channel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddValues<T>(float* weights, int low, int high, float* values, int width, float correction, float* output) where T : unmanaged, ILanes<T>
    {
        var factor = T.Create(correction);
        int e = 0;
        for (; e <= width - 64; e += 64)
        {
            T o0 = T.Load(output + e) * factor, o1 = T.Load(output + e + 16) * factor, o2 = T.Load(output + e + 32) * factor, o3 = T.Load(output + e + 48) * factor;
            for (int j = low; j < high; j++)
            {
                var weight = T.Create(weights[j]);
                float* row = values + j * width + e;
                o0 = T.Fma(weight, T.Load(row), o0);
                o1 = T.Fma(weight, T.Load(row + 16), o1);
                o2 = T.Fma(weight, T.Load(row + 32), o2);
                o3 = T.Fma(weight, T.Load(row + 48), o3);
            }
            T.Store(o0, output + e);
            T.Store(o1, output + e + 16);
            T.Store(o2, output + e + 32);
            T.Store(o3, output + e + 48);
        }
        for (; e < width; e += 16)
        {
            int count = Math.Min(16, width - e);
            var o = LoadUpTo<T>(output + e, count) * factor;
            for (int j = low; j < high; j++) o = T.Fma(T.Create(weights[j]), LoadUpTo<T>(values + j * width + e, count), o);
            StoreUpTo(o, output + e, count);
        }
    }

    private static void Multiply<T>(float* x, int length, float factor) where T : unmanaged, ILanes<T>
    {
        var factors = T.Create(factor);
        for (int i = 0; i < length; i += 16)
        {
            int count = Math.Min(16, length - i);
            StoreUpTo(LoadUpTo<T>(x + i, count) * factors, x + i, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T LoadUpTo<T>(float* source, int count) where T : unmanaged, ILanes<T> => count == 16 ? T.Load(source) : T.LoadPartial(source, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreUpTo<T>(T value, float* destination, int count) where T : unmanaged, ILanes<T>
    {
        if (count == 16) T.Store(value, destination);
        else T.StorePartial(value, destination, count);
    }
}
