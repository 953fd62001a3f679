namespace Hearth.Numerics.Tests;

/// <summary>Sequences of one attention layer, their cache (full of NaN at first, blocks in disorder) and the obvious formulas in double.</summary>
internal sealed class AttentionCase : IDisposable
{
    private readonly NativeBlock _keys;
    private readonly NativeBlock _values;
    private readonly Arena _scratch = new();

    public AttentionCase(AttentionShape shape, params int[] lengths)
    {
        Shape = shape;
        Lengths = lengths;
        int rows = lengths.Sum(), blocks = lengths.Sum(Blocks) + 2;
        Q = Values.Of(1, rows * shape.Heads * shape.HeadWidth, 2);
        K = Values.Of(2, rows * shape.KvHeads * shape.HeadWidth, 2);
        V = Values.Of(3, rows * shape.KvHeads * shape.HeadWidth);
        DO = Values.Of(4, Q.Length);
        // 7 is coprime to most block counts: neighbours in a sequence are far apart in the cache.
        int step = blocks % 7 == 0 ? 5 : 7;
        Table = [.. Enumerable.Range(0, lengths.Sum(Blocks)).Select(i => (i + 1) * step % blocks)];
        if (Table.Distinct().Count() != Table.Length) Table = [.. Enumerable.Range(0, Table.Length).Reverse()];
        _keys = NativeBlock.ForFloats((long)blocks * shape.KvHeads * shape.HeadWidth * Kernels.KvBlock, out var keys);
        _values = NativeBlock.ForFloats(keys.Length, out var values);
        Layer = new KvLayer(keys, values, shape.KvHeads, shape.HeadWidth);
    }

    public AttentionShape Shape { get; }
    public int[] Lengths { get; }
    public float[] Q { get; set; }
    public float[] K { get; set; }
    public float[] V { get; set; }
    public float[] DO { get; set; }
    public int[] Table { get; }
    public KvLayer Layer { get; }

    /// <summary>Every sequence whole, from position 0.</summary>
    public AttentionSegment[] Whole
    {
        get
        {
            var segments = new AttentionSegment[Lengths.Length];
            int row = 0, block = 0;
            for (int s = 0; s < Lengths.Length; s++)
            {
                segments[s] = new(row, Lengths[s], 0, block);
                row += Lengths[s];
                block += Blocks(Lengths[s]);
            }
            return segments;
        }
    }

    public void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
        _scratch.Dispose();
    }

    public void FillCacheWithNaN()
    {
        Layer.Keys.Span.Fill(float.NaN);
        Layer.Values.Span.Fill(float.NaN);
    }

    /// <summary>Outputs and logSumExp of all rows at once.</summary>
    public float[][] Forward(ComputePool pool)
    {
        FillCacheWithNaN();
        float[] o = new float[Q.Length], sums = new float[Q.Length / Shape.HeadWidth];
        Kernels.WriteKeysValues(pool, K, V, Whole, Table, Layer);
        Kernels.Attention(pool, Q, Whole, Table, Layer, Shape, o, sums);
        return [o, sums];
    }

    /// <summary>Outputs, logSumExp, dq, dk, dv.</summary>
    public float[][] ForwardBackward(ComputePool pool)
    {
        var forward = Forward(pool);
        float[] dq = new float[Q.Length], dk = new float[K.Length], dv = new float[V.Length];
        Kernels.AttentionBackward(pool, Q, K, V, Whole, Shape, forward[0], DO, forward[1], dq, dk, dv, _scratch);
        return [.. forward, dq, dk, dv];
    }

    /// <summary>The definition, in double.</summary>
    public double[] Reference(double[] q, double[] k, double[] v)
    {
        var o = new double[q.Length];
        int width = Shape.HeadWidth;
        foreach (var segment in Whole)
        {
            for (int i = 0; i < segment.QueryCount; i++)
            {
                int first = Shape.Window > 0 ? Math.Max(0, i - Shape.Window + 1) : 0;
                var scores = new double[i + 1];
                for (int head = 0; head < Shape.Heads; head++)
                {
                    int query = ((segment.QueryStart + i) * Shape.Heads + head) * width, kvHead = head / (Shape.Heads / Shape.KvHeads);
                    double sum = 0;
                    for (int j = first; j <= i; j++)
                    {
                        int key = ((segment.QueryStart + j) * Shape.KvHeads + kvHead) * width;
                        double score = 0;
                        for (int e = 0; e < width; e++) score += q[query + e] * k[key + e];
                        scores[j] = Math.Exp(score * Shape.Scale);
                        sum += scores[j];
                    }
                    for (int j = first; j <= i; j++)
                    {
                        int key = ((segment.QueryStart + j) * Shape.KvHeads + kvHead) * width;
                        for (int e = 0; e < width; e++) o[query + e] += scores[j] / sum * v[key + e];
                    }
                }
            }
        }
        return o;
    }

    public static int Blocks(int length) => (length + Kernels.KvBlock - 1) / Kernels.KvBlock;
}
