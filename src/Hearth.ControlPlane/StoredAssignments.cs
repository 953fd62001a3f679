namespace Hearth.ControlPlane;

/// <summary>The node's assignments, read from the store; waiters wake when a change touches any.</summary>
public sealed class StoredAssignments : IAssignments
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1); // rule R4: once a second and on notify

    private readonly IStore _store;
    private readonly TimeProvider _clock;
    private readonly NodeLiveness? _liveness;
    private volatile TaskCompletionSource _changed = Signal();

    public StoredAssignments(IStore store, TimeProvider clock, NodeLiveness? liveness = null)
    {
        (_store, _clock, _liveness) = (store, clock, liveness);
        store.Committed += change =>
        {
            if (change.TouchesAssignments) Interlocked.Exchange(ref _changed, Signal()).TrySetResult();
        };
    }

    public async ValueTask<IReadOnlyList<Assignment>> ListAsync(CancellationToken cancellationToken)
    {
        var rows = await _store.ListAssignmentsAsync(TrainingJobs.Node, cancellationToken);
        _liveness?.Beat();
        return [.. rows.Select(ToAssignment)];
    }

    public async ValueTask WaitForChangeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _changed.Task.WaitAsync(Poll, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The poll is what makes a lost notification harmless.
        }
    }

    private static Assignment ToAssignment(AssignmentRow row) => new(
        row.Kind, row.Resource, row.Epoch,
        row.Kind == AssignmentKind.Trainer ? Records.Read<TrainerSpec>(row.SpecJson) : null,
        row.Kind == AssignmentKind.Replica ? Records.Read<ReplicaSpec>(row.SpecJson) : null);

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
