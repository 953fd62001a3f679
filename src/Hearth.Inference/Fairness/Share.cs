namespace Hearth.Inference;

/// <summary>How much of the engine somebody has had, in units of work.</summary>
internal abstract class Share
{
    /// <summary>Service so far; comparable within a <see cref="ShareSet{TKey, TShare}"/>.</summary>
    public long Served { get; set; }

    /// <summary>Sequences that run or wait.</summary>
    public int Live { get; set; }
}

/// <summary>
/// Those who compete for the same thing. Who comes new, or back, starts at the least service among those that are there: time in which somebody asked for
/// nothing is no claim (virtual token counters: Sheng et al., "Fairness in Serving Large Language Models", 2024).
/// </summary>
internal sealed class ShareSet<TKey, TShare> where TKey : notnull where TShare : Share
{
    private readonly Dictionary<TKey, TShare> _shares = [];

    /// <summary>All of them, the absent ones that are still remembered too. In no order.</summary>
    public Dictionary<TKey, TShare>.ValueCollection All => _shares.Values;

    /// <summary>Counts a sequence in.</summary>
    public TShare Enter(TKey key, Func<TKey, TShare> create)
    {
        if (!_shares.TryGetValue(key, out var share)) _shares.Add(key, share = create(key));
        if (share.Live == 0 && LeastServed() is { } least) share.Served = Math.Max(share.Served, least);
        share.Live++;
        return share;
    }

    /// <summary>Counts a sequence out. An absent share is forgotten once it has no debt: others have had as much, or nobody competes.</summary>
    public void Leave(TShare share)
    {
        if (--share.Live > 0) return;
        long? least = LeastServed();
        foreach (var (key, other) in _shares) // removing while walking is allowed
            if (other.Live == 0 && (least is null || other.Served <= least)) _shares.Remove(key);
    }

    private long? LeastServed()
    {
        long? least = null;
        foreach (var share in _shares.Values)
            if (share.Live > 0 && !(share.Served >= least)) least = share.Served;
        return least;
    }
}
