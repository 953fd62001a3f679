namespace Hearth.ControlPlane;

/// <summary>The node's lease as a row, by the store's clock.</summary>
public sealed class StoredNodeLease(IStore store, Recovery recovery) : INodeLease
{
    /// <summary>Longer than an agent's patience without a renewal, so that its processes have ended before anybody else may start theirs.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    private Lease? _lease;
    private bool _wasHeld;

    public async ValueTask<bool> TakeAsync(CancellationToken cancellationToken)
    {
        _lease = await store.TakeLeaseAsync($"nodes/{TrainingJobs.Node}", TrainingJobs.Node, Duration, cancellationToken);
        if (_lease is null) return false;
        if (_wasHeld) await recovery.RequeueAsync(cancellationToken); // the first time, the start has done it
        return _wasHeld = true;
    }

    public async ValueTask<bool> RenewAsync(CancellationToken cancellationToken)
    {
        if (_lease is null) return false;
        _lease = await store.RenewLeaseAsync(_lease, Duration, cancellationToken);
        return _lease is not null;
    }
}
