using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

// Causal attention over paged keys and values (E5). Tiles of 64 keys are counted from a sequence's position 0 and visited in
// ascending order; a query and head have one online-softmax state (m, l, o). So an output depends on the sequence alone: not on
// the batch, the chunk it came in, the blocks' places or the threads. The trainer's forward is this function too.
public static unsafe partial class Kernels
{
    private const int QueryBlock = 64;

    /// <summary>o = softmax(scale q k^T) v over the visible positions of each segment's sequence. arXiv:2205.14135, algorithm 1, by rows.</summary>
    /// <remarks>
    /// q, o: [T, H, E]; rows outside every segment are left alone. logSumExp: [T, H] of the scaled scores, kept for the backward
    /// pass, or empty. The keys and values of the segments' own rows must have been written (<see cref="WriteKeysValues"/>).
    /// Slots behind a sequence's end may hold anything, NaN included. o may not be q.
    /// </remarks>
    /// <exception cref="ArgumentException">A length, the shape or a block does not fit.</exception>
    public static void Attention(
        ComputePool pool, ReadOnlySpan<float> q, ReadOnlySpan<AttentionSegment> segments, ReadOnlySpan<int> blockTable, KvLayer layer,
        AttentionShape shape, Span<float> o, Span<float> logSumExp)
    {
        RequireAttention(q.Length, segments, blockTable, layer, shape, nameof(Attention));
        Shapes.Require(o.Length, q.Length, nameof(Attention), nameof(o));
        if (!logSumExp.IsEmpty) Shapes.Require(logSumExp.Length, q.Length / shape.HeadWidth, nameof(Attention), nameof(logSumExp));
        int* starts = AllocateStarts(segments.Length);
        try
        {
            for (int s = 0; s < segments.Length; s++)
                starts[s + 1] = starts[s] + AttentionWork.Items(segments[s].QueryCount, shape);
            fixed (AttentionSegment* parts = segments)
            fixed (int* table = blockTable)
            fixed (float* qs = q, keys = layer.Keys.Span, values = layer.Values.Span, os = o, sums = logSumExp)
                LaneWork.For(pool, starts[segments.Length], new AttentionWork(qs, parts, starts, segments.Length, table, keys, values, shape, os, sums));
        }
        finally
        {
            NativeMemory.Free(starts);
        }
    }

    // Native: the number of sequences is not bounded here, and the garbage collector should see nothing of a step.
    private static int* AllocateStarts(int segments)
    {
        int* starts = (int*)NativeMemory.Alloc((nuint)segments + 1, sizeof(int));
        starts[0] = 0;
        return starts;
    }

    private static int SegmentOf(int item, int* starts, int segments)
    {
        int low = 0, high = segments - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (starts[middle] <= item) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    private static void RequireAttention(
        int queryLength, ReadOnlySpan<AttentionSegment> segments, ReadOnlySpan<int> blockTable, KvLayer layer, AttentionShape shape, string operation)
    {
        if (shape.KvHeads <= 0 || shape.Heads % shape.KvHeads != 0)
            throw new ArgumentException($"{operation}: {shape.Heads} heads are no multiple of {shape.KvHeads} key-value heads.", nameof(shape));
        if (layer.KvHeads != shape.KvHeads || layer.HeadWidth != shape.HeadWidth)
            throw new ArgumentException($"{operation}: the cache has {layer.KvHeads} heads of {layer.HeadWidth}, expected {shape.KvHeads} of {shape.HeadWidth}.", nameof(layer));
        int rows = Shapes.Rows(queryLength, shape.Heads * shape.HeadWidth, operation, "q");
        RequireSegments(rows, segments, blockTable, layer.Blocks, shape.Window, operation);
    }

    private static void RequireSegments(
        int rows, ReadOnlySpan<AttentionSegment> segments, ReadOnlySpan<int> blockTable, int blocks, int window, string operation)
    {
        foreach (var segment in segments)
        {
            if (segment.QueryStart < 0 || segment.QueryCount < 0 || segment.FirstPosition < 0 || segment.QueryStart + segment.QueryCount > rows)
                throw new ArgumentException($"{operation}: {segment} is not inside {rows} rows.", nameof(segments));
            if (segment.QueryCount == 0) continue;
            int firstTile = window > 0 ? Math.Max(0, segment.FirstPosition - window + 1) / KvBlock : 0;
            int lastTile = (segment.FirstPosition + segment.QueryCount - 1) / KvBlock;
            if (segment.TableStart < 0 || segment.TableStart + lastTile >= blockTable.Length)
                throw new ArgumentException($"{operation}: the block table ends before position {segment.FirstPosition + segment.QueryCount - 1} of {segment}.", nameof(blockTable));
            for (int tile = firstTile; tile <= lastTile; tile++)
                if ((uint)blockTable[segment.TableStart + tile] >= (uint)blocks)
                    throw new ArgumentException($"{operation}: block {blockTable[segment.TableStart + tile]} of {segment} is not in 0..{blocks - 1}.", nameof(blockTable));
        }
    }

    /// <summary>Visible keys of a tile: [Low, High), counted from its first.</summary>
    private static void VisibleKeys(int position, int tile, int window, out int low, out int high)
    {
        int start = tile * KvBlock;
        high = Math.Min(KvBlock, position + 1 - start);
        low = window > 0 ? Math.Max(0, position - window + 1 - start) : 0;
    }

    /// <summary>
    /// An item is up to 64 queries of one head, or for a single query (decoding) all heads that share keys: rows at one distance
    /// either way, each a state of its own.
    /// </summary>
    private readonly struct AttentionWork(
        float* q, AttentionSegment* segments, int* starts, int segmentCount, int* blockTable, float* keys, float* values, AttentionShape shape,
        float* o, float* logSumExp) : ILaneWork
    {
        public static int Items(int queries, AttentionShape shape) =>
            SharesKeys(queries, shape) ? shape.KvHeads : shape.Heads * LaneWork.Items(queries, QueryBlock);

        private static bool SharesKeys(int queries, AttentionShape shape) => queries == 1 && shape.Group <= QueryBlock;

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            item = starts[segmentCount] - 1 - item; // the last queries see the most keys: they go first
            int index = SegmentOf(item, starts, segmentCount);
            var segment = segments[index];
            item -= starts[index];
            int head, block = 0, rows;
            if (SharesKeys(segment.QueryCount, shape))
            {
                head = item * shape.Group;
                rows = shape.Group;
            }
            else
            {
                head = item % shape.Heads;
                block = item / shape.Heads;
                rows = Math.Min(QueryBlock, segment.QueryCount - block * QueryBlock);
            }
            bool sharesKeys = SharesKeys(segment.QueryCount, shape);
            long firstRow = (long)(segment.QueryStart + block * QueryBlock) * shape.Heads + head;
            int kvHead = head / shape.Group;
            long headFloats = (long)shape.HeadWidth * KvBlock;
            var queries = new QueryRows(
                q + firstRow * shape.HeadWidth, o + firstRow * shape.HeadWidth, logSumExp == null ? null : logSumExp + firstRow,
                sharesKeys ? 1 : shape.Heads, rows, segment.FirstPosition + block * QueryBlock, sharesKeys ? 0 : 1);
            AttendRows<T>(queries, blockTable + segment.TableStart, keys + kvHead * headFloats, values + kvHead * headFloats, shape);
        }
    }

    /// <summary>Rows that share their keys. Row r is Heads * r head-rows further and at FirstPosition + r * PositionStep.</summary>
    private readonly struct QueryRows(float* q, float* o, float* logSumExp, int heads, int count, int firstPosition, int positionStep)
    {
        public readonly float* Q = q;
        public readonly float* O = o;
        public readonly float* LogSumExp = logSumExp;
        public readonly int Heads = heads;
        public readonly int Count = count;
        public readonly int FirstPosition = firstPosition;
        public readonly int PositionStep = positionStep;

        public int Position(int row) => FirstPosition + row * PositionStep;
    }

    /// <param name="rows">At most 64 rows.</param>
    /// <param name="table">Blocks of the sequence.</param>
    /// <param name="keys">Keys of this head in block 0; values likewise.</param>
    /// <param name="values">Values.</param>
    /// <param name="shape">Heads and masks.</param>
    [SkipLocalsInit]
    private static void AttendRows<T>(QueryRows rows, int* table, float* keys, float* values, AttentionShape shape) where T : unmanaged, ILanes<T>
    {
        float* maxima = stackalloc float[QueryBlock];
        float* sums = stackalloc float[QueryBlock];
        float* scores = stackalloc float[4 * KvBlock];
        int width = shape.HeadWidth;
        nint stride = (nint)rows.Heads * width;
        for (int row = 0; row < rows.Count; row++)
        {
            maxima[row] = float.NegativeInfinity;
            sums[row] = 0;
            new Span<float>(rows.O + row * stride, width).Clear();
        }
        long blockFloats = (long)shape.KvHeads * width * KvBlock;
        int firstTile = shape.Window > 0 ? Math.Max(0, rows.FirstPosition - shape.Window + 1) / KvBlock : 0;
        int lastTile = rows.Position(rows.Count - 1) / KvBlock;
        for (int tile = firstTile; tile <= lastTile; tile++)
        {
            float* tileKeys = keys + table[tile] * blockFloats;
            float* tileValues = values + table[tile] * blockFloats;
            for (int row = 0; row < rows.Count; row += 4)
                AttendTile<T>(rows, row, Math.Min(4, rows.Count - row), tile, tileKeys, tileValues, shape, scores, maxima + row, sums + row);
        }
        for (int row = 0; row < rows.Count; row++)
        {
            ScaleRange<T>(rows.O + row * stride, 1f / sums[row], width);
            if (rows.LogSumExp != null) rows.LogSumExp[(long)row * rows.Heads] = maxima[row] + VectorMath.LogOf<T>(sums[row]);
        }
    }

    /// <summary>Takes one tile of keys into the states of up to four rows.</summary>
    private static void AttendTile<T>(
        QueryRows rows, int first, int count, int tile, float* keys, float* values, AttentionShape shape, float* scores, float* maxima, float* sums)
        where T : unmanaged, ILanes<T>
    {
        int* low = stackalloc int[4];
        int* high = stackalloc int[4];
        int lowest = KvBlock, highest = 0, commonLow = 0, commonHigh = KvBlock;
        for (int i = 0; i < count; i++)
        {
            VisibleKeys(rows.Position(first + i), tile, shape.Window, out low[i], out high[i]);
            commonLow = Math.Max(commonLow, low[i]);
            commonHigh = Math.Min(commonHigh, high[i]);
            if (high[i] <= low[i]) continue;
            lowest = Math.Min(lowest, low[i]);
            highest = Math.Max(highest, high[i]);
        }
        if (highest <= lowest) return;
        int width = shape.HeadWidth;
        nint stride = (nint)rows.Heads * width;
        float* q = rows.Q + first * stride;
        float* o = rows.O + first * stride;
        // Whole groups of 16 keys: what an invisible lane holds is thrown away below.
        int from = lowest & ~15, to = (highest + 15) & ~15;
        // Few rows, as in decoding, wait for memory: one row at a time reads the tile from front to back, where four rows read it in strips.
        int atOnce = rows.Count <= 8 && !T.IsOneRegister ? 1 : 4;
        for (int i = 0; i < count; i += atOnce)
            SmallProduct.Run<T>(
                q + i * stride, stride, 1, keys + from, KvBlock, width, scores + i * KvBlock + from, KvBlock, Math.Min(atOnce, count - i), to - from, resume: false);
        for (int i = 0; i < count; i++)
            if (high[i] > low[i])
                TakeScores<T>(scores + i * KvBlock, low[i], high[i], shape.Scale, maxima + i, sums + i, o + i * stride, width);
        // Keys that all rows see go together; a row's own keys before and behind them alone. Each chain still runs in key order.
        bool together = atOnce > 1 && count > 1 && commonHigh > commonLow;
        for (int i = 0; i < count; i++)
            AddValues<T>(scores + i * KvBlock, low[i], together ? commonLow : high[i], values, o + i * stride, width);
        if (!together) return;
        SmallProduct.Run<T>(
            scores + commonLow, KvBlock, 1, values + (nint)commonLow * width, width, commonHigh - commonLow, o, stride, count, width, resume: true);
        for (int i = 0; i < count; i++)
            AddValues<T>(scores + i * KvBlock, commonHigh, high[i], values, o + i * stride, width);
    }

    private static void AddValues<T>(float* weights, int from, int to, float* values, float* o, int width) where T : unmanaged, ILanes<T>
    {
        if (to > from)
            SmallProduct.Run<T>(weights + from, 0, 1, values + (nint)from * width, width, to - from, o, 0, 1, width, resume: true);
    }

    /// <summary>Scores to weights: m and l take the visible scores of a tile, o is rescaled where the maximum grew.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TakeScores<T>(float* scores, int low, int high, float scale, float* maximum, float* sum, float* o, int width)
        where T : unmanaged, ILanes<T>
    {
        var scales = T.Create(scale);
        var none = T.Create(float.NegativeInfinity);
        var largest = none;
        int start = low & ~15;
        for (int i = start; i < high; i += 16)
        {
            var value = T.Load(scores + i) * scales;
            if (i < low || i + 16 > high)
            {
                var index = T.Indices();
                value = T.IfLess(index, T.Create((float)(high - i)), value, none);
                value = T.IfLess(index, T.Create((float)(low - i)), none, value);
            }
            T.Store(value, scores + i);
            largest = T.Max(largest, value);
        }
        float before = *maximum, tileMaximum = T.FoldMax(largest);
        float now = tileMaximum > before ? tileMaximum : before;
        var shift = T.Create(now);
        var total = T.Create(0f);
        for (int i = start; i < high; i += 16)
        {
            var weight = VectorMath.Exp(T.Load(scores + i) - shift);
            T.Store(weight, scores + i);
            total += weight;
        }
        // exp(0) = 1 where the maximum stays, exp(-inf) = 0 for the first tile: one formula.
        float factor = VectorMath.ExpOf<T>(before - now);
        *maximum = now;
        *sum = T.First(T.Fma(T.Create(*sum), T.Create(factor), T.Create(T.FoldSum(total))));
        if (now != before) ScaleRange<T>(o, factor, width);
    }
}
