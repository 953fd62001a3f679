using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hearth.Inference;

/// <summary>
/// Decides what each step computes. There is no prefill or decode phase: every sequence has computed tokens that chase its total tokens, and a step gives
/// each running one the next token, then shares what is left of the token budget, piece by piece, between those that lag further behind and those that
/// wait: whoever has had least service is next (<see cref="FairQueue"/>). Chunked prefill, recomputation after preemption, prefix hits and choices that split
/// off a prompt are all the same: a sequence that lags.
/// </summary>
/// <remarks>
/// <para>When blocks run out, the most served running sequence gives its blocks back and waits again. An account that runs nothing takes the place of the
/// most served account's last sequence, where that one runs others too.</para>
/// <para>Everything ends. Service is booked once for every position and every generated token of a sequence, so only finitely often for what is here.
/// As long as nothing is booked the order of service stays. The running sequence that is first in it never gives its blocks up: a victim is the last of
/// two or more. It computes at least one token a step, so that before long it computes one for the first time, which is booked. And where nothing runs,
/// everything is free, and the next in line fits.</para>
/// <para>Used by the engine's thread alone; knows no weight.</para>
/// </remarks>
public sealed partial class Scheduler
{
    /// <summary>Tokens that a sequence is given at a time, so that no prompt takes a whole step while others are behind.</summary>
    private const int Quantum = 64;

    private readonly SchedulerOptions _options;
    private readonly BlockPool _pool;
    private readonly List<Sequence> _running = [];
    private readonly FairQueue _waiting = new();
    private readonly List<Sequence> _planned = [];
    private readonly List<BlockCopy> _copies = [];
    private readonly StepPlan _plan = new();
    private long _step;
    private int _tokensLeft, _rowsLeft; // of the step that is being planned

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

    /// <summary>Sequences that hold blocks.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Sequences that wait for blocks.</summary>
    public IEnumerable<Sequence> Waiting => _waiting.All;

    /// <summary>How many wait for blocks.</summary>
    public int WaitingCount => _waiting.Count;

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
        _waiting.Enter(sequence);
        Wait(sequence);
    }

    /// <summary>Ends a sequence now; nothing happens if it has ended already.</summary>
    public void Remove(Sequence sequence, FinishReason reason)
    {
        if (sequence.State == SequenceState.Finished) return;
        sequence.Finish(reason);
        if (sequence.Flow is null) return; // it was never added
        _waiting.Remove(sequence);
        Stop(sequence);
        sequence.Blocks.Clear(_pool);
        _waiting.Leave(sequence);
    }

    /// <summary>Chooses the tokens of the next step and takes the blocks they need. The plan holds until the next call.</summary>
    public StepPlan Schedule()
    {
        (_tokensLeft, _rowsLeft) = (_options.TokenBudget, _options.LogitRows);
        _planned.Clear();
        ClaimPlace();
        foreach (var sequence in _running) sequence.ClearGrant();
        bool preempted = GrantNextTokens();
        if (!preempted) ProposeDrafts();
        GrantFairly(admitting: !preempted);

        _planned.Sort(ByAdapter); // rows of one adapter follow one another
        _plan.Fill(_step++, _planned, _copies);
        _copies.Clear();
        VerifyInDebug(_plan);
        return _plan;
    }

    private static readonly Comparison<Sequence> ByAdapter = (a, b) =>
    {
        int order = string.CompareOrdinal(a.Options.Addon?.Hash, b.Options.Addon?.Hash);
        return order != 0 ? order : ByArrival.Compare(a, b);
    };

    // Least served first. Victims are taken from the end, and the loop has not come there: nothing that is planned loses its blocks.
    private bool GrantNextTokens()
    {
        bool preempted = false;
        CollectionsMarshal.AsSpan(_running).Sort(FairQueue.ByService);
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
            _planned.Add(sequence);
            Grant(sequence, 1);
        }
        return preempted;
    }

    // Only while the step is small. Computed like any token that lags, by what is left of the budget.
    private void ProposeDrafts()
    {
        int room = _options.DraftRows - _planned.Count, most = room / Math.Max(1, _planned.Count);
        if (most <= 0) return;
        foreach (var sequence in _planned) sequence.Propose(most);
    }

    // When the next one in line does not fit, nobody overtakes it; those that run go on.
    private void GrantFairly(bool admitting)
    {
        while (_tokensLeft > 0)
        {
            var newcomer = admitting ? _waiting.Next : null;
            var laggard = LeastServedLaggard();
            if (newcomer is not null && (laggard is null || FairQueue.ByService(newcomer, laggard) < 0)) admitting = TryAdmit(newcomer);
            else if (laggard is not null) Extend(laggard);
            else return;
        }
    }

    private Sequence? LeastServedLaggard()
    {
        Sequence? least = null;
        foreach (var sequence in _running)
            if (!sequence.HasEnough && (least is null || FairQueue.ByService(sequence, least) < 0)) least = sequence;
        return least;
    }

    // Nobody is preempted for a longer chunk.
    private void Extend(Sequence sequence)
    {
        int count = LongerGrant(sequence);
        sequence.Blocks.TryGrow(_pool, sequence.ComputedTokens + count);
        count = Math.Min(count, sequence.Blocks.Count * _pool.BlockSize - sequence.ComputedTokens);
        if (count > sequence.Granted) Grant(sequence, count);
        else sequence.IsStuck = true;
    }

    // What a sequence has in this step, and a quantum more where budgets and its own tokens allow.
    private int LongerGrant(Sequence sequence)
    {
        int most = Math.Min(sequence.WantedTokens, sequence.Granted + Math.Min(Quantum, _tokensLeft));
        if (_options.MaxChunk > 0) most = Math.Min(most, _options.MaxChunk);
        return sequence.FitRows(most, _rowsLeft + sequence.RowsIn(sequence.Granted));
    }

    private void Grant(Sequence sequence, int count)
    {
        _tokensLeft -= count - sequence.Granted;
        _rowsLeft -= sequence.RowsIn(count) - sequence.RowsIn(sequence.Granted);
        sequence.Flow!.Charge(sequence.NewWorkIn(count) - sequence.NewWorkIn(sequence.Granted));
        sequence.Granted = count;
    }

    private bool TryAdmit(Sequence sequence)
    {
        int cached = SharePrefix(sequence);
        sequence.StartFromCache(cached);
        if (LongerGrant(sequence) <= 0 || !HasRoom(sequence))
        {
            sequence.Blocks.Clear(_pool);
            sequence.StartFromCache(0);
            return false;
        }
        CachedTokens += cached;
        _waiting.Remove(sequence);
        Run(sequence);
        _planned.Add(sequence);
        Extend(sequence);
        Debug.Assert(sequence.Granted > 0);
        return true;
    }

    private int SharePrefix(Sequence sequence)
    {
        if (!_options.PrefixCaching) return 0;
        // The row before the next token must be computed, even where its block is cached: its logits are wanted.
        int most = Math.Min(sequence.ScoredFrom, sequence.TotalTokens - 1) / _pool.BlockSize;
        for (int i = 0; i < most && _pool.TryFind(sequence.HashOf(i, _pool.BlockSize), out int block); i++) sequence.Blocks.Share(_pool, block);
        return sequence.Blocks.Count * _pool.BlockSize;
    }

    // Blocks that running sequences will need for the tokens they have are as good as taken.
    private bool HasRoom(Sequence newcomer)
    {
        int blocks = MissingBlocks(newcomer);
        foreach (var sequence in _running) blocks += MissingBlocks(sequence);
        return blocks <= _pool.Available && _running.Count < _options.MaxSequences;
    }

    private int MissingBlocks(Sequence sequence) => Math.Max(0, _pool.BlocksFor(sequence.TotalTokens) - sequence.Blocks.Count);

    // Before anything is booked. An account that runs nothing takes a place from those that are served more, where that leaves them another.
    private void ClaimPlace()
    {
        if (_waiting.Next is not { } newcomer || newcomer.Flow!.Account.Running > 0) return;
        SharePrefix(newcomer);
        while (!HasRoom(newcomer) && LeastEntitled(newcomer) is { } victim) Preempt(victim);
        newcomer.Blocks.Clear(_pool);
    }

    private Sequence? LeastEntitled(Sequence newcomer)
    {
        Sequence? most = null;
        foreach (var sequence in _running)
            if (sequence.Flow!.Account.Running > 1 && FairQueue.ByService(sequence, most ?? newcomer) > 0) most = sequence;
        return most;
    }

    private void Preempt(Sequence sequence)
    {
        Stop(sequence);
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
        sequence.ClearGrant();
        _running.Add(sequence);
        sequence.Flow!.Account.Running++;
    }

    private void Stop(Sequence sequence)
    {
        if (_running.Remove(sequence)) sequence.Flow!.Account.Running--;
    }
}
