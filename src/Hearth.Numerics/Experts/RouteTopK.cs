namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    private const int MaxRoutedExperts = 1024;
    private const int MaxChosenExperts = 64;

    /// <summary>
    /// Chooses experts for each row: p = softmax over all experts, the <paramref name="perToken"/> most probable, ties to the lower id (E11); their weights are p,
    /// divided by the sum of the chosen p where <paramref name="normalize"/>.
    /// </summary>
    /// <remarks>
    /// logits: [T, X]. chosen: [T, perToken], ascending ids. weights: [T, perToken] in that order. The order is that of transformers: softmax, choice, division;
    /// the sum of exponentials is E3, the sum of the chosen adds ascending ids.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void RouteTopK(ComputePool pool, ReadOnlySpan<float> logits, int experts, int perToken, bool normalize, Span<int> chosen, Span<float> weights)
    {
        int rows = RequireRouting(nameof(RouteTopK), logits.Length, experts, perToken, chosen.Length);
        Shapes.Require(weights.Length, chosen.Length, nameof(RouteTopK), nameof(weights));
        fixed (float* ls = logits, ws = weights)
        fixed (int* cs = chosen)
        {
            var work = new RouteWork(ls, experts, perToken, normalize, cs, ws, rows);
            LaneWork.For(pool, LaneWork.Items(rows, work.RowsPerItem), work);
        }
    }

    /// <summary>Gradient of <see cref="RouteTopK"/> with the choice held fixed.</summary>
    /// <remarks>
    /// dlogits: [T, X], overwritten. dweights: [T, perToken]. With c = sum of dw w over the chosen (E3): dlogit = w (dw - c) for the chosen and 0 for the others where
    /// weights are normalised, since those are a softmax over the chosen; else p (dw - c), with dw = 0 for the others.
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void RouteTopKBackward(
        ComputePool pool, ReadOnlySpan<float> logits, int experts, int perToken, bool normalize, ReadOnlySpan<int> chosen, ReadOnlySpan<float> weights,
        ReadOnlySpan<float> dweights, Span<float> dlogits)
    {
        int rows = RequireRouting(nameof(RouteTopKBackward), logits.Length, experts, perToken, chosen.Length);
        Shapes.Require(weights.Length, chosen.Length, nameof(RouteTopKBackward), nameof(weights));
        Shapes.Require(dweights.Length, chosen.Length, nameof(RouteTopKBackward), nameof(dweights));
        Shapes.Require(dlogits.Length, logits.Length, nameof(RouteTopKBackward), nameof(dlogits));
        fixed (float* ls = logits, ws = weights, dws = dweights, dls = dlogits)
        fixed (int* cs = chosen)
        {
            var work = new RouteBackwardWork(ls, experts, perToken, normalize, cs, ws, dws, dls, rows);
            LaneWork.For(pool, LaneWork.Items(rows, work.RowsPerItem), work);
        }
    }

    private static int RequireRouting(string operation, int logits, int experts, int perToken, int chosen)
    {
        int rows = Shapes.Rows(logits, experts, operation, nameof(logits));
        if (experts > MaxRoutedExperts || perToken < 1 || perToken > Math.Min(experts, MaxChosenExperts))
            throw new ArgumentException($"{operation}: {perToken} of {experts} experts; at most {MaxChosenExperts} of {MaxRoutedExperts} are supported.", nameof(perToken));
        Shapes.Require(chosen, (long)rows * perToken, operation, nameof(chosen));
        return rows;
    }

    private readonly struct RouteWork(float* logits, int experts, int perToken, bool normalize, int* chosen, float* weights, int rows) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(experts * 8); // a choice costs several reads of a row

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            float* p = stackalloc float[MaxRoutedExperts];
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
            {
                int* ids = chosen + (long)row * perToken;
                float* w = weights + (long)row * perToken;
                SoftmaxRow<T>(logits + (long)row * experts, p, experts);
                ChooseLargest(p, experts, ids, perToken);
                float sum = 0;
                for (int i = 0; i < perToken; i++) sum += w[i] = p[ids[i]];
                for (int i = 0; i < perToken && normalize; i++) w[i] /= sum;
            }
        }
    }

    private readonly struct RouteBackwardWork(
        float* logits, int experts, int perToken, bool normalize, int* chosen, float* weights, float* dweights, float* dlogits, int rows) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(experts * 8);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++)
            {
                int* ids = chosen + (long)row * perToken;
                float* w = weights + (long)row * perToken;
                float* dw = dweights + (long)row * perToken;
                float* dl = dlogits + (long)row * experts;
                float mean = Reductions.Dot<T>(dw, w, perToken);
                if (normalize) new Span<float>(dl, experts).Clear();
                else
                {
                    SoftmaxRow<T>(logits + (long)row * experts, dl, experts);
                    float minus = -mean;
                    ScaleRange<T>(dl, minus, experts);
                }
                for (int i = 0; i < perToken; i++)
                {
                    float difference = dw[i] - mean;
                    dl[ids[i]] = w[i] * difference;
                }
            }
        }
    }

    private static void SoftmaxRow<T>(float* x, float* p, int length) where T : unmanaged, ILanes<T>
    {
        float max = Reductions.Max<T>(x, length);
        ExpShiftedRange<T>(x, max, p, length);
        DivideRange<T>(p, Reductions.Sum<T>(p, length), length);
    }

    // The kept ones lie in descending order; a later one displaces an earlier one only where it is larger. NaN counts as less than everything, so that ids
    // stay distinct and in range.
    private static void ChooseLargest(float* p, int length, int* ids, int count)
    {
        float* kept = stackalloc float[MaxChosenExperts];
        int filled = 0;
        for (int id = 0; id < length; id++)
        {
            float value = p[id] >= 0 ? p[id] : -1;
            if (filled == count && !(value > kept[count - 1])) continue;
            int place = filled < count ? filled++ : count - 1;
            for (; place > 0 && value > kept[place - 1]; place--) (kept[place], ids[place]) = (kept[place - 1], ids[place - 1]);
            (kept[place], ids[place]) = (value, id);
        }
        new Span<int>(ids, count).Sort();
    }
}
