using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>What has become of the lease since the last look.</summary>
internal enum LeaseNews { None, Renewed, Lost }

/// <summary>
/// Holds a node's lease (rule R5): takes it, renews it every 5 s, and gives it up by itself when no renewal that began within the last 20 s of monotonic time has
/// succeeded, whatever the store does meanwhile. One caller looks once a second; a renewal that hangs holds up nothing.
/// </summary>
internal sealed class NodeLeaseKeeper(INodeLease lease, TimeProvider time)
{
    /// <summary>How long a node's processes write without a renewal.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private Task<bool>? _asking;
    private long _askedAt, _renewedAt;
    private bool _hasAsked, _isRenewal;

    public bool IsHeld { get; private set; }

    /// <summary>Completes when there may be news before the next look.</summary>
    public Task Asking => _asking ?? Task.CompletedTask;

    public LeaseNews Look(CancellationToken cancellationToken)
    {
        var wasHeld = IsHeld;
        var news = TakeAnswer();
        if (IsHeld && time.GetElapsedTime(_renewedAt) >= Patience) IsHeld = false;
        if (_asking is null && (!_hasAsked || time.GetElapsedTime(_askedAt) >= Interval || (wasHeld && !IsHeld))) Ask(cancellationToken);
        return wasHeld && !IsHeld ? LeaseNews.Lost : IsHeld ? news : LeaseNews.None;
    }

    private void Ask(CancellationToken cancellationToken)
    {
        (_askedAt, _hasAsked, _isRenewal) = (time.GetTimestamp(), true, IsHeld);
        _asking = _isRenewal ? lease.RenewAsync(cancellationToken).AsTask() : lease.TakeAsync(cancellationToken).AsTask();
    }

    private LeaseNews TakeAnswer()
    {
        if (_asking is not { IsCompleted: true } answered) return LeaseNews.None;
        _asking = null;
        if (!answered.IsCompletedSuccessfully) return LeaseNews.None; // the store did not answer: time decides
        if (_isRenewal && !IsHeld) return LeaseNews.None; // too late: the workers are gone, only taking it anew brings them back
        IsHeld = answered.Result;
        _renewedAt = _askedAt; // the lease counts from when it was asked for, not from when the answer came
        return IsHeld ? LeaseNews.Renewed : LeaseNews.None;
    }
}
