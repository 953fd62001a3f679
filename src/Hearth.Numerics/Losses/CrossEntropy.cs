using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    // Logits of so many bytes are alive at once. Rows are independent and dHead's chains run on over chunks, so this changes memory, never bits.
    private const int LogitBytes = 32 << 20;

    /// <summary>
    /// Log-probabilities of the targets and the gradient of -sum_t weights[t] * logprob[t], through a packed head. Rows of weight 0 are left
    /// out of every product; their log-probability and gradient are 0.
    /// </summary>
    /// <remarks>
    /// hidden: [T, D] after the final norm. targets, weights, logprobs: [T]. dHidden: [T, D], overwritten, or empty. dHead: [V, D], added to (its chains run on over
    /// rows ascending), or empty. dlogit_v = weight * (p_v - [v = target]).
    /// </remarks>
    /// <exception cref="ArgumentException">A length does not fit, or a target is outside the vocabulary.</exception>
    public static void CrossEntropy(ComputePool pool, Arena scratch, ReadOnlySpan<float> hidden, int rows, PackedWeight head, ReadOnlySpan<int> targets,
        ReadOnlySpan<float> weights, Span<float> logprobs, Span<float> dHidden, Span<float> dHead) =>
        CrossEntropy(pool, scratch, hidden, rows, new PackedHead(head), targets, weights, logprobs, dHidden, dHead);

    /// <summary>As the packed form, with a plain float32 head [V, D].</summary>
    public static void CrossEntropy(ComputePool pool, Arena scratch, ReadOnlySpan<float> hidden, int rows, ReadOnlySpan<float> head, int vocabulary, int width,
        ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, Span<float> logprobs, Span<float> dHidden, Span<float> dHead)
    {
        Shapes.Require(head.Length, (long)vocabulary * width, nameof(CrossEntropy), nameof(head));
        fixed (float* values = head)
            CrossEntropy(pool, scratch, hidden, rows, new PlainHead(values, vocabulary, width), targets, weights, logprobs, dHidden, dHead);
    }

    private static void CrossEntropy<THead>(ComputePool pool, Arena scratch, ReadOnlySpan<float> hidden, int rows, THead head, ReadOnlySpan<int> targets,
        ReadOnlySpan<float> weights, Span<float> logprobs, Span<float> dHidden, Span<float> dHead) where THead : IHead
    {
        const string operation = nameof(CrossEntropy);
        int width = head.Width, vocabulary = head.Vocabulary;
        Shapes.Require(hidden.Length, (long)rows * width, operation, nameof(hidden));
        Shapes.Require(targets.Length, rows, operation, nameof(targets));
        Shapes.Require(weights.Length, rows, operation, nameof(weights));
        Shapes.Require(logprobs.Length, rows, operation, nameof(logprobs));
        if (!dHidden.IsEmpty) Shapes.Require(dHidden.Length, hidden.Length, operation, nameof(dHidden));
        if (!dHead.IsEmpty) Shapes.Require(dHead.Length, (long)vocabulary * width, operation, nameof(dHead));
        logprobs.Clear();
        dHidden.Clear();
        var whole = scratch.Mark();
        var active = ActiveRows(scratch, targets, weights, vocabulary);

        int chunk = Math.Max(16, LogitBytes / sizeof(float) / vocabulary);
        for (int start = 0; start < active.Length; start += chunk)
        {
            var part = active.Slice(start, Math.Min(chunk, active.Length - start));
            var mark = scratch.Mark();
            var compact = scratch.Take(part.Length, width);
            for (int i = 0; i < part.Length; i++) hidden.Slice(part[i] * width, width).CopyTo(compact.Span[(i * width)..]);
            var logits = scratch.Take(part.Length, vocabulary);
            head.Forward(pool, compact, part.Length, logits);
            bool backward = !dHidden.IsEmpty || !dHead.IsEmpty;
            fixed (float* scores = logits.Span, logp = logprobs, w = weights)
            fixed (int* ids = targets, indices = part)
                LaneWork.For(pool, part.Length, new CrossEntropyWork(scores, vocabulary, indices, ids, w, logp, backward));
            if (!dHidden.IsEmpty)
            {
                var dCompact = scratch.Take(part.Length, width);
                head.BackwardInput(pool, logits, part.Length, dCompact);
                for (int i = 0; i < part.Length; i++) dCompact.Span.Slice(i * width, width).CopyTo(dHidden[(part[i] * width)..]);
            }
            if (!dHead.IsEmpty) MatMulBackwardWeight(pool, logits, compact, part.Length, vocabulary, width, dHead, accumulate: true);
            scratch.Release(mark);
        }
        scratch.Release(whole);
    }

    private static Span<int> ActiveRows(Arena scratch, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, int vocabulary)
    {
        var active = MemoryMarshal.Cast<float, int>(scratch.Take(weights.Length).Span); // an arena's floats as integers of the same size
        int count = 0;
        for (int t = 0; t < weights.Length; t++)
        {
            if (weights[t] == 0) continue;
            if ((uint)targets[t] >= (uint)vocabulary)
                throw new ArgumentException($"{nameof(CrossEntropy)}: target {targets[t]} of row {t} is not in 0..{vocabulary - 1}.", nameof(targets));
            active[count++] = t;
        }
        return active[..count];
    }

    /// <summary>An item is a row: its log-probability, then its logits become their gradient in place.</summary>
    private readonly struct CrossEntropyWork(float* logits, int vocabulary, int* rows, int* targets, float* weights, float* logprobs, bool backward) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            float* row = logits + (long)item * vocabulary;
            int t = rows[item];
            var sums = LogSumExpOf<T>(row, vocabulary);
            logprobs[t] = Logprob(row[targets[t]], sums);
            if (!backward) return;
            SoftmaxTimes<T>(row, vocabulary, sums.Max, sums.LogSum, weights[t]);
            row[targets[t]] -= weights[t];
        }
    }

    /// <summary>x = weight * exp(x - max - logSum).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxTimes<T>(float* x, int length, float max, float logSum, float weight) where T : unmanaged, ILanes<T>
    {
        var maxima = T.Create(max);
        var logSums = T.Create(logSum);
        var weights = T.Create(weight);
        int i = 0;
        for (; i <= length - ILanes<T>.Count; i += ILanes<T>.Count)
            T.Store(VectorMath.Exp(T.Load(x + i) - maxima - logSums) * weights, x + i);
        if (i < length) T.StorePartial(VectorMath.Exp(T.LoadPartial(x + i, length - i) - maxima - logSums) * weights, x + i, length - i);
    }

    /// <summary>The two forms of an output head; a struct each, so that the loss is written once without a virtual call in a loop.</summary>
    private interface IHead
    {
        int Vocabulary { get; }
        int Width { get; }
        void Forward(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y);
        void BackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, Span<float> dx);
    }

    private readonly struct PackedHead(PackedWeight weight) : IHead
    {
        public int Vocabulary => weight.Outputs;
        public int Width => weight.Inputs;
        public void Forward(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y) => MatMul(pool, x, rows, weight, y);
        public void BackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, Span<float> dx) => MatMulBackwardInput(pool, dy, rows, weight, dx, accumulate: false);
    }

    private readonly struct PlainHead(float* values, int vocabulary, int width) : IHead
    {
        public int Vocabulary => vocabulary;
        public int Width => width;
        private ReadOnlySpan<float> Weight => new(values, vocabulary * width);
        public void Forward(ComputePool pool, ReadOnlySpan<float> x, int rows, Span<float> y) => MatMul(pool, x, rows, Weight, vocabulary, width, y);
        public void BackwardInput(ComputePool pool, ReadOnlySpan<float> dy, int rows, Span<float> dx) => MatMulBackwardInput(pool, dy, rows, Weight, vocabulary, width, dx, accumulate: false);
    }
}
