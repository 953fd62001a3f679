using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Ids that are reduced together (E6).</summary>
    public const int VocabularyTile = 1024;

    /// <summary>
    /// Maximum M of a row of logits and log of S = sum exp(logit - M): tiles of 1,024 ids have (m_t, s_t) each, then M = max m_t and
    /// S = sum s_t exp(m_t - M), t ascending (E6). The log-probability of id v is <c>logits[v] - M - log S</c>. Sampler, echo, trainer and the loss's
    /// backward pass all call this.
    /// </summary>
    /// <exception cref="ArgumentException">There are no logits.</exception>
    public static (float Max, float LogSum) LogSumExpRow(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty) throw new ArgumentException("LogSumExpRow: there are no logits.", nameof(logits));
        fixed (float* row = logits)
        {
            return Simd.Level switch
            {
                SimdLevel.Avx512 => LogSumExpOf<Avx512Lanes>(row, logits.Length),
                SimdLevel.Avx2 => LogSumExpOf<Avx2Lanes>(row, logits.Length),
                _ => LogSumExpOf<PortableLanes>(row, logits.Length),
            };
        }
    }

    /// <summary>log p of <paramref name="id"/>, given <see cref="LogSumExpRow"/> of its row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Logprob(float logit, (float Max, float LogSum) row) => logit - row.Max - row.LogSum;

    private static (float Max, float LogSum) LogSumExpOf<T>(float* row, int length) where T : unmanaged, ILanes<T>
    {
        int tiles = (length + VocabularyTile - 1) / VocabularyTile;
        float* maxima = stackalloc float[Math.Min(tiles, MaxStackTiles)];
        if (tiles > MaxStackTiles) throw new ArgumentException($"LogSumExpRow: {length} logits are more than {MaxStackTiles * VocabularyTile}.");
        float max = float.NegativeInfinity;
        for (int tile = 0; tile < tiles; tile++)
        {
            maxima[tile] = Reductions.Max<T>(row + tile * VocabularyTile, Math.Min(VocabularyTile, length - tile * VocabularyTile));
            max = MathF.Max(max, maxima[tile]); // a comparison, not arithmetic: the same everywhere
        }
        float sum = 0;
        for (int tile = 0; tile < tiles; tile++)
        {
            if (maxima[tile] == float.NegativeInfinity) continue; // no candidate: -inf - -inf would be NaN
            float part = Reductions.SumExp<T>(row + tile * VocabularyTile, Math.Min(VocabularyTile, length - tile * VocabularyTile), maxima[tile]);
            sum = T.First(T.Fma(T.Create(part), T.Create(VectorMath.ExpOf<T>(maxima[tile] - max)), T.Create(sum)));
        }
        return (max, VectorMath.LogOf<T>(sum));
    }

    private const int MaxStackTiles = 1024; // a vocabulary of 1,048,576
}
