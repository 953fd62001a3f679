namespace Hearth.Inference;

/// <summary>
/// Decides what each step computes. There is no prefill or decode phase: every sequence has computed tokens that chase its total tokens, and a step gives
/// each running one the next token, then spends what is left of the token budget on those that lag further behind, then admits waiting ones, all in order of
/// arrival. Chunked prefill, recomputation after preemption, prefix hits and choices that split off a prompt are all the same: a sequence that lags.
/// </summary>
/// <remarks>
/// When blocks run out, the running sequence that arrived last gives its blocks back and waits again. The oldest sequence therefore always goes on, so
/// everything ends. Used by the engine's thread alone; knows no weight.
/// </remarks>
public sealed class Scheduler
{
    private readonly SchedulerOptions _options;
    private readonly BlockPool _pool;
    private readonly List<Sequence> _running = []; // in order of arrival
    private readonly SortedSet<Sequence> _waiting = new(ByArrival);
    private readonly List<(Sequence Sequence, int Count)> _scheduled = [];
    private readonly List<BlockCopy> _copies = [];
    private readonly List<Sequence> _planned = [];
    private readonly List<SequenceOutput> _outputs = [];
    private readonly StepPlan _plan = new();
    private long _step;

    /// <summary>A scheduler without sequences.</summary>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public Scheduler(SchedulerOptions options, BlockPool pool)
    {
        options.Validate();
        _options = options;
        _pool = pool;
    }

    /// <summary>Order of arrival, then of choice.</summary>
    public static IComparer<Sequence> ByArrival { get; } =
        Comparer<Sequence>.Create((a, b) => a.Arrival != b.Arrival ? a.Arrival.CompareTo(b.Arrival) : a.Choice.CompareTo(b.Choice));

    /// <summary>True while any sequence runs or waits.</summary>
    public bool HasWork => _running.Count + _waiting.Count > 0;

    /// <summary>Sequences that hold blocks, in order of arrival.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Sequences that wait for blocks, in order of arrival.</summary>
    public IReadOnlyCollection<Sequence> Waiting => _waiting;

    /// <summary>The sequences of the last plan, in the order of <see cref="StepPlan.Sequences"/>.</summary>
    public IReadOnlyList<Sequence> Planned => _planned;

    /// <summary>Times that a sequence's blocks were taken back.</summary>
    public long Preemptions { get; private set; }

    /// <summary>Prompt tokens that did not have to be computed.</summary>
    public long CachedTokens { get; private set; }

    /// <summary>What became of all drafts.</summary>
    public DraftCounts Drafts { get; private set; }

    /// <summary>Adds a sequence.</summary>
    /// <exception cref="ArgumentException">It could not even run alone.</exception>
    public void Add(Sequence sequence)
    {
        int blocks = _pool.BlocksFor(sequence.PromptTokens + sequence.MaxTokens);
        if (blocks > _pool.Blocks)
            throw new ArgumentException($"Scheduler: the sequence may need {blocks} KV blocks, the cache has {_pool.Blocks}. Lower its tokens or enlarge the cache.");
        Wait(sequence);
    }

    /// <summary>Ends a sequence now; nothing happens if it has ended already.</summary>
    public void Remove(Sequence sequence, FinishReason reason)
    {
        if (sequence.State == SequenceState.Finished) return;
        if (!_waiting.Remove(sequence)) _running.Remove(sequence);
        sequence.Blocks.Clear(_pool);
        sequence.Finish(reason);
    }

    /// <summary>Chooses the tokens of the next step and takes the blocks they need. The plan holds until the next call.</summary>
    public StepPlan Schedule()
    {
        _scheduled.Clear();
        int budget = _options.TokenBudget, rows = _options.LogitRows;
        bool preempted = ScheduleNextTokens(ref budget, ref rows);
        if (!preempted) ProposeDrafts();
        ScheduleLaggards(ref budget, ref rows);
        if (!preempted) AdmitWaiting(budget, rows);

        _planned.Clear();
        foreach (var (sequence, _) in _scheduled) _planned.Add(sequence);
        _plan.Fill(_step++, _scheduled, _copies);
        _copies.Clear();
        return _plan;
    }

    /// <summary>Books what a step computed: publishes full blocks, appends tokens, splits choices off, frees what has ended.</summary>
    /// <param name="plan">The plan that was computed, the last one that <see cref="Schedule"/> returned.</param>
    /// <param name="samples">What its rows gave, in order.</param>
    /// <returns>What is new, to be streamed; holds until the next call.</returns>
    public List<SequenceOutput> Commit(StepPlan plan, ReadOnlySpan<SampledToken> samples)
    {
        var outputs = _outputs;
        outputs.Clear();
        for (int i = 0; i < _planned.Count; i++)
        {
            _planned[i].Advance(plan.Sequences[i].Count);
            PublishFullBlocks(_planned[i]);
        }
        foreach (var row in plan.Rows)
        {
            var sequence = _planned[row.SequenceIndex];
            if (row.Choices == 0) outputs.Add(new(sequence, IsPrompt: true, row.Position + 1, samples[row.FirstSample], null));
            else if (sequence is { State: SequenceState.Running, PendingTokens: 0 }) CommitChoices(sequence, samples.Slice(row.FirstSample, row.Choices), outputs);
        }
        foreach (var sequence in _planned)
        {
            Drafts += sequence.SettleDrafts();
            // Only a prompt to score, and it is scored.
            if (sequence is not { MaxTokens: 0, PendingTokens: 0 }) continue;
            Remove(sequence, FinishReason.Length);
            outputs.Add(new(sequence, IsPrompt: false, 0, null, FinishReason.Length));
        }
        return outputs;
    }

    /// <summary>Checks that blocks and sequences agree.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    public void Verify()
    {
        _pool.Verify();
        var holders = new int[_pool.Blocks];
        foreach (var sequence in _running)
        {
            Require(sequence.State == SequenceState.Running, "a running sequence says it is not");
            Require(sequence.Blocks.Count * _pool.BlockSize >= sequence.ComputedTokens, "computed tokens without blocks");
            Require(sequence.PendingTokens > 0, "a running sequence has nothing to compute");
            foreach (int block in sequence.Blocks.Span) holders[block]++;
        }
        foreach (var sequence in _waiting) Require(sequence is { State: SequenceState.Waiting, Blocks.Count: 0, ComputedTokens: 0 }, "a waiting sequence holds blocks");
        for (int block = 0; block < holders.Length; block++) Require(holders[block] == _pool.Holders(block), $"block {block} is held by {holders[block]} sequences, the pool counts {_pool.Holders(block)}");

        static void Require(bool condition, string fault)
        {
            if (!condition) throw new InvalidOperationException($"Scheduler: {fault}.");
        }
    }

    // The running list cannot lose a sequence that was already scheduled: victims are taken from its end, and the loop has not come there.
    private bool ScheduleNextTokens(ref int budget, ref int rows)
    {
        bool preempted = false;
        for (int i = 0; i < _running.Count; i++)
        {
            var sequence = _running[i];
            while (!sequence.Blocks.TryGrow(_pool, sequence.ComputedTokens + 1))
            {
                preempted = true;
                var victim = _running[^1];
                Preempt(victim);
                if (victim == sequence) return true;
            }
            _scheduled.Add((sequence, 1));
            budget--;
            rows -= sequence.RowsIn(1);
        }
        return preempted;
    }

    // Only while the step is small. Computed like any token that lags, by what is left of the budget.
    private void ProposeDrafts()
    {
        int room = _options.DraftRows - _scheduled.Count, most = room / Math.Max(1, _scheduled.Count);
        if (most <= 0) return;
        foreach (var (sequence, _) in _scheduled) sequence.Propose(most);
    }

    private void ScheduleLaggards(ref int budget, ref int rows)
    {
        for (int i = 0; i < _scheduled.Count && budget > 0; i++)
        {
            var sequence = _scheduled[i].Sequence;
            int count = Chunk(sequence, budget + 1, rows + sequence.RowsIn(1));
            if (count <= 1) continue;
            // Nobody is preempted for a longer chunk.
            sequence.Blocks.TryGrow(_pool, sequence.ComputedTokens + count);
            count = Math.Min(count, sequence.Blocks.Count * _pool.BlockSize - sequence.ComputedTokens);
            budget -= count - 1;
            rows -= sequence.RowsIn(count) - sequence.RowsIn(1);
            _scheduled[i] = (sequence, count);
        }
    }

    // First come, first served: when the next one does not fit, nobody overtakes it.
    private void AdmitWaiting(int budget, int rows)
    {
        while (_waiting.Min is { } sequence && budget > 0 && _running.Count < _options.MaxSequences)
        {
            int cached = SharePrefix(sequence);
            sequence.StartFromCache(cached);
            int count = Chunk(sequence, budget, rows);
            int needed = _pool.BlocksFor(sequence.TotalTokens) - sequence.Blocks.Count;
            if (count <= 0 || needed > _pool.Available)
            {
                sequence.Blocks.Clear(_pool);
                sequence.StartFromCache(0);
                return;
            }
            _waiting.Remove(sequence);
            CachedTokens += cached;
            sequence.Blocks.TryGrow(_pool, cached + count);
            Run(sequence);
            _scheduled.Add((sequence, count));
            budget -= count;
            rows -= sequence.RowsIn(count);
        }
    }

    private int Chunk(Sequence sequence, int budget, int rows)
    {
        int most = Math.Min(sequence.WantedTokens, budget);
        if (_options.MaxChunk > 0) most = Math.Min(most, _options.MaxChunk);
        return sequence.FitRows(most, rows);
    }

    private int SharePrefix(Sequence sequence)
    {
        if (!_options.PrefixCaching) return 0;
        // The row before the next token must be computed, even where its block is cached: its logits are wanted.
        int most = Math.Min(sequence.ScoredFrom, sequence.TotalTokens - 1) / _pool.BlockSize;
        for (int i = 0; i < most && _pool.TryFind(sequence.HashOf(i, _pool.BlockSize), out int block); i++) sequence.Blocks.Share(_pool, block);
        return sequence.Blocks.Count * _pool.BlockSize;
    }

    private void PublishFullBlocks(Sequence sequence)
    {
        if (!_options.PrefixCaching) return;
        while ((sequence.Blocks.Published + 1) * _pool.BlockSize <= sequence.ComputedTokens)
            sequence.Blocks.PublishNext(_pool, sequence.HashOf(sequence.Blocks.Published, _pool.BlockSize));
    }

    private void CommitChoices(Sequence sequence, ReadOnlySpan<SampledToken> samples, List<SequenceOutput> outputs)
    {
        // Siblings first: they start from the blocks of this sequence, which may end with its own token.
        for (int i = 1; i < samples.Length; i++)
        {
            var sibling = sequence.Split(choice: i);
            CommitToken(sibling, samples[i], outputs);
            if (sibling.State != SequenceState.Finished && !TryStartFrom(sequence, sibling)) Wait(sibling);
        }
        CommitToken(sequence, samples[0], outputs);
    }

    private void CommitToken(Sequence sequence, in SampledToken token, List<SequenceOutput> outputs)
    {
        int index = sequence.CompletionTokens;
        var finish = token.IsFault ? FinishReason.Error : sequence.Append(token);
        if (sequence.State == SequenceState.Running) PublishFullBlocks(sequence); // an accepted draft may have filled one
        outputs.Add(new(sequence, IsPrompt: false, index, token.IsFault ? null : token, finish));
        if (finish is { } reason) Remove(sequence, reason);
    }

    // Full blocks of the prompt are shared. The last one, where it is not full, will be written by both: it is copied.
    private bool TryStartFrom(Sequence source, Sequence sibling)
    {
        if (_running.Count >= _options.MaxSequences) return false;
        int prompt = source.PromptTokens, full = prompt / _pool.BlockSize;
        int copy = -1;
        if (prompt % _pool.BlockSize != 0 && !_pool.TryTake(out copy)) return false;
        for (int i = 0; i < full; i++) sibling.Blocks.Share(_pool, source.Blocks[i]);
        if (copy >= 0)
        {
            sibling.Blocks.Add(copy);
            _copies.Add(new(source.Blocks[full], copy));
        }
        sibling.StartFromSibling(prompt);
        Run(sibling);
        return true;
    }

    private void Preempt(Sequence sequence)
    {
        _running.Remove(sequence);
        sequence.Blocks.Clear(_pool);
        sequence.Restart();
        Preemptions++;
        Wait(sequence);
    }

    private void Wait(Sequence sequence)
    {
        sequence.State = SequenceState.Waiting;
        _waiting.Add(sequence);
    }

    private void Run(Sequence sequence)
    {
        sequence.State = SequenceState.Running;
        int index = _running.BinarySearch(sequence, ByArrival);
        _running.Insert(~index, sequence);
    }
}

/// <summary>Something new about a sequence.</summary>
/// <param name="Sequence">The sequence.</param>
/// <param name="IsPrompt">True: the token is one of the prompt, scored. False: it was generated.</param>
/// <param name="Index">Position in the prompt, or in the completion.</param>
/// <param name="Token">The token, or null where the sequence ended without one.</param>
/// <param name="FinishReason">Set on the last output of a sequence.</param>
public readonly record struct SequenceOutput(Sequence Sequence, bool IsPrompt, int Index, SampledToken? Token, FinishReason? FinishReason);
