namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Positions of a KV block, and of a key tile (E5).</summary>
    public const int KvBlock = 64;

    /// <summary>Copies a step's new keys and values into their blocks.</summary>
    /// <remarks>k, v: [T, K, E].</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a segment reaches outside the block table or the layer.</exception>
    public static void WriteKeysValues(ComputePool pool, ReadOnlySpan<float> k, ReadOnlySpan<float> v, ReadOnlySpan<AttentionSegment> segments,
        ReadOnlySpan<int> blockTable, KvLayer layer)
    {
        int rowWidth = layer.KvHeads * layer.HeadWidth;
        int rows = Shapes.Rows(k.Length, rowWidth, nameof(WriteKeysValues), nameof(k));
        Shapes.Require(v.Length, k.Length, nameof(WriteKeysValues), nameof(v));
        RequireSegments(rows, segments, blockTable, layer.Blocks, window: 1, nameof(WriteKeysValues)); // only blocks that are written
        fixed (float* ks = k, vs = v, keys = layer.Keys.Span, values = layer.Values.Span)
        fixed (int* table = blockTable)
        fixed (AttentionSegment* parts = segments)
            pool.For(segments.Length, new WriteWork(ks, vs, keys, values, table, parts, layer.KvHeads, layer.HeadWidth));
    }

    private readonly struct WriteWork(float* k, float* v, float* keys, float* values, int* table, AttentionSegment* segments, int kvHeads, int width) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            var segment = segments[item];
            for (int t = 0; t < segment.QueryCount; t++)
            {
                int position = segment.FirstPosition + t;
                long block = table[segment.TableStart + position / KvBlock];
                int place = position % KvBlock;
                for (int head = 0; head < kvHeads; head++)
                {
                    long from = ((long)(segment.QueryStart + t) * kvHeads + head) * width;
                    long to = (block * kvHeads + head) * width * KvBlock;
                    for (int e = 0; e < width; e++) keys[to + e * KvBlock + place] = k[from + e];
                    Buffer.MemoryCopy(v + from, values + to + place * width, width * sizeof(float), width * sizeof(float));
                }
            }
        }
    }
}
