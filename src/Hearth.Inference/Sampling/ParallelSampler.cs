using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>
/// The rows of a step over the compute threads, a sequence a work item, each thread with scratch of its own: a row of 150,000 logits takes a tenth of a
/// millisecond, and there may be 64 of them. What a sequence gets does not depend on the thread.
/// </summary>
internal sealed class ParallelSampler
{
    private readonly ComputePool? _pool;
    private readonly Sampler[] _samplers; // by thread
    private readonly Action<int, int> _sampleSequence;
    private FloatBuffer _logits;
    private StepPlan? _plan;
    private IReadOnlyList<Sequence> _sequences = [];
    private SampledToken[] _samples = [];

    public ParallelSampler(int vocabularySize, ComputePool? pool)
    {
        _pool = pool;
        _samplers = [.. Enumerable.Range(0, pool?.Threads ?? 1).Select(_ => new Sampler(vocabularySize))];
        _sampleSequence = SampleSequence;
    }

    /// <summary>Samples or scores every row of a plan; see <see cref="Sampler.Sample(ReadOnlySpan{float}, StepPlan, IReadOnlyList{Sequence})"/>.</summary>
    public SampledToken[] Sample(FloatBuffer logits, StepPlan plan, IReadOnlyList<Sequence> sequences)
    {
        if (_pool is null) return _samplers[0].Sample(logits, plan, sequences);
        (_logits, _plan, _sequences, _samples) = (logits, plan, sequences, new SampledToken[plan.Samples]);
        _pool.For(plan.Sequences.Length, _sampleSequence);
        var samples = _samples;
        (_plan, _sequences, _samples) = (null, [], []);
        return samples;
    }

    private void SampleSequence(int item, int thread) =>
        _samplers[thread].Sample(_logits, _plan!, _plan!.Sequences[item], _sequences[item], _samples);
}
