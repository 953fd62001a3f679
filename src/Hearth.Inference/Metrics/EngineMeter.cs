namespace Hearth.Inference;

/// <summary>Measures an engine. Written by the engine's thread, read by any.</summary>
internal sealed class EngineMeter(TimeProvider time)
{
    private readonly TokenRate _generatedRate = new(time), _prefillRate = new(time), _computedRate = new(time);
    private readonly LatencyHistogram _queue = new(), _prefill = new(), _firstToken = new(), _interToken = new();
    private long _steps, _computed, _prefilled, _generated, _prompt, _cachedPrompt;
    private double _forwardMilliseconds;
    private long _now;

    /// <summary>A step is planned: who begins, and who comes back.</summary>
    public void Planned(StepPlan plan, IReadOnlyList<Sequence> sequences)
    {
        _now = time.GetTimestamp();
        int prefilled = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            var sequence = sequences[i];
            if (sequence.CompletionTokens == 0) prefilled += plan.Sequences[i].Count;
            if (sequence.Owner is not { } owner) continue;
            if (!owner.Clock.HasBegun) Begin(owner, sequence);
            else if (sequence.PlannedIn is { } last && last < plan.Step - 1) owner.Clock.Preempted(time.GetElapsedTime(sequence.PlannedAt, _now));
            (sequence.PlannedIn, sequence.PlannedAt) = (plan.Step, _now);
        }
        _prefilled += prefilled;
        _prefillRate.Add(prefilled);
    }

    /// <summary>The model has computed it.</summary>
    public void Computed(StepPlan plan)
    {
        _steps++;
        _computed += plan.Tokens;
        _computedRate.Add(plan.Tokens);
        _forwardMilliseconds += time.GetElapsedTime(_now).TotalMilliseconds;
    }

    /// <summary>It gave tokens.</summary>
    public void Committed(List<SequenceOutput> outputs)
    {
        _now = time.GetTimestamp();
        int generated = 0;
        foreach (var output in outputs)
        {
            if (output is not { IsPrompt: false, Token: not null }) continue;
            generated++;
            Token(output.Sequence);
        }
        _generated += generated;
        _generatedRate.Add(generated);
    }

    /// <summary>What was measured so far.</summary>
    public EngineMetrics Read() => new()
    {
        Steps = _steps,
        ComputedTokens = _computed,
        PrefillTokens = _prefilled,
        GeneratedTokens = _generated,
        PromptTokens = _prompt,
        CachedPromptTokens = _cachedPrompt,
        ForwardMilliseconds = _forwardMilliseconds,
        GeneratedTokensPerSecond = _generatedRate.PerSecond(),
        PrefillTokensPerSecond = _prefillRate.PerSecond(),
        ComputedTokensPerSecond = _computedRate.PerSecond(),
        Queue = _queue.Read(),
        Prefill = _prefill.Read(),
        FirstToken = _firstToken.Read(),
        InterToken = _interToken.Read(),
    };

    private void Begin(Generation owner, Sequence sequence)
    {
        owner.Begin(_now);
        _queue.Add(owner.Clock.Queue);
        _prompt += sequence.PromptTokens;
        _cachedPrompt += sequence.CachedTokens;
    }

    private void Token(Sequence sequence)
    {
        if (sequence.TokenAt is { } last) _interToken.Add(time.GetElapsedTime(last, _now));
        sequence.TokenAt = _now;
        if (sequence.Owner is not { Clock.HasToken: false } owner) return;
        owner.Clock.Token(_now);
        _prefill.Add(owner.Clock.Prefill);
        _firstToken.Add(owner.Clock.FirstToken);
    }
}
