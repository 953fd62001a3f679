namespace Hearth.Inference;

/// <summary>
/// Who is served next: the account that has had least so far, in it the adapter that has had least, in it who came first. Service is counted in tokens
/// computed and tokens generated; what the prefix cache gives, and what is computed again after a preemption, costs nothing.
/// </summary>
internal sealed class FairQueue
{
    private readonly ShareSet<string, AccountShare> _accounts = new();

    /// <summary>Least served first. A total order; it changes with every charge.</summary>
    public static Comparison<Sequence> ByService { get; } = Compare;

    /// <summary>Sequences that wait.</summary>
    public int Count { get; private set; }

    /// <summary>They, account by account; for tests and checks.</summary>
    public IEnumerable<Sequence> All => _accounts.All.SelectMany(account => account.Flows.All).SelectMany(flow => flow.Waiting);

    /// <summary>The waiting sequence that is next, or null.</summary>
    public Sequence? Next
    {
        get
        {
            Sequence? next = null;
            if (Count == 0) return next;
            foreach (var account in _accounts.All)
                foreach (var flow in account.Flows.All)
                    if (flow.Waiting.Min is { } first && (next is null || Compare(first, next) < 0)) next = first;
            return next;
        }
    }

    /// <summary>Counts a sequence in: from now on its account and flow compete.</summary>
    public void Enter(Sequence sequence)
    {
        var account = _accounts.Enter(sequence.Options.Account ?? "", static _ => new());
        sequence.Flow = account.Flows.Enter(new(sequence.Options.Addon?.Hash, sequence.Options.IsUrgent), key => new(account, key));
    }

    /// <summary>Counts a sequence out.</summary>
    public void Leave(Sequence sequence)
    {
        var flow = sequence.Flow!;
        flow.Account.Flows.Leave(flow);
        _accounts.Leave(flow.Account);
        sequence.Flow = null;
    }

    /// <summary>Puts a sequence into its place in its flow.</summary>
    public void Add(Sequence sequence)
    {
        if (sequence.Flow!.Waiting.Add(sequence)) Count++;
    }

    /// <summary>Takes a sequence out, where it is in.</summary>
    public void Remove(Sequence sequence)
    {
        if (sequence.Flow!.Waiting.Remove(sequence)) Count--;
    }

    private static int Compare(Sequence a, Sequence b)
    {
        Flow left = a.Flow!, right = b.Flow!;
        if (left.Account.Served != right.Account.Served) return left.Account.Served.CompareTo(right.Account.Served);
        if (left.Served != right.Served) return left.Served.CompareTo(right.Served);
        return a.Arrival != b.Arrival ? a.Arrival.CompareTo(b.Arrival) : a.Choice.CompareTo(b.Choice);
    }
}
