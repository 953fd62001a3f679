using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Makes what runs on this node equal to what is assigned to it (rule R4): once a second and whenever the assignments change.</summary>
/// <remarks>
/// The agent knows no commands, only the list. A job whose process ended stays known until its assignment goes, so that it is not
/// started twice. A newer epoch of a job waits until the older process is gone (both write to one run folder); a newer epoch
/// of a replica that differs in its adapters alone is taken over by the running process; any other starts beside the older one, which is stopped when the newer one is
/// ready, so that the deployment goes on serving.
/// With a lease (rule R5) nothing runs unless the node holds it; when it is lost every worker is killed, and what is assigned
/// comes back with higher epochs.
/// </remarks>
public sealed class NodeAgent(
    IAssignments assignments, INodeReports reports, WorkerProgram program, NodeAgentOptions options, TimeProvider? time = null,
    INodeLease? lease = null)
{
    /// <summary>Pause after the list could not be read.</summary>
    private static readonly TimeSpan ReadRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LeaseLook = TimeSpan.FromSeconds(1);

    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly List<WorkerSupervisor> supervisors = [];
    private readonly NodeLeaseKeeper? keeper = lease is null ? null : new(lease, time ?? TimeProvider.System);
    private TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs until cancelled; then stops every worker and returns when the last one has ended.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var keeping = keeper is null ? Task.CompletedTask : KeepAsync(keeper, cancellationToken);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    if (keeper is not null) await held.Task.WaitAsync(cancellationToken);
                    Reconcile(await assignments.ListAsync(cancellationToken));
                    await assignments.WaitForChangeAsync(cancellationToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // Without a list nothing is known to be wrong with what runs: it runs on.
                    await Task.Delay(ReadRetry, time, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            await keeping;
            foreach (var supervisor in supervisors) supervisor.Stop();
            await Task.WhenAll(supervisors.Select(s => s.Completion));
        }
    }

    /// <summary>Looks at the lease once a second, apart from everything that may wait for the store.</summary>
    private async Task KeepAsync(NodeLeaseKeeper keeper, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var news = keeper.Look(cancellationToken);
            lock (supervisors)
            {
                if (news == LeaseNews.Renewed) supervisors.ForEach(supervisor => supervisor.Allow());
                if (news == LeaseNews.Lost) supervisors.ForEach(supervisor => supervisor.Fence());
            }
            if (keeper.IsHeld) held.TrySetResult();
            else if (held.Task.IsCompleted) held = new(TaskCreationOptions.RunContinuationsAsynchronously);
            var pause = Task.Delay(LeaseLook, time, cancellationToken);
            await Task.WhenAny(keeper.IsHeld || keeper.Asking.IsCompleted ? pause : Task.WhenAny(pause, keeper.Asking));
        }
    }

    private void Reconcile(IReadOnlyList<Assignment> desired)
    {
        lock (supervisors)
        {
            if (keeper is { IsHeld: false }) return; // lost while the list was read
            ReconcileHeld(desired);
        }
    }

    private void ReconcileHeld(IReadOnlyList<Assignment> desired)
    {
        foreach (var supervisor in supervisors.Where(s => IsOver(s, desired))) supervisor.Stop();
        supervisors.RemoveAll(s => s.Completion.IsCompleted && IsOver(s, desired));
        foreach (var assignment in desired)
        {
            if (supervisors.Any(s => IsSame(s.Assignment, assignment))) continue;
            if (supervisors.Exists(s => IsSameResource(s.Assignment, assignment) && s.Assignment.Epoch < assignment.Epoch && s.TryAdopt(assignment))) continue;
            if (assignment.Kind == AssignmentKind.Trainer && supervisors.Any(s => IsSameResource(s.Assignment, assignment))) continue;
            var supervisor = CreateSupervisor(assignment);
            supervisor.IsLeased = keeper is not null;
            supervisors.Add(supervisor);
            supervisor.Start();
        }
    }

    /// <summary>True where the supervisor's assignment has gone or a newer epoch has taken over.</summary>
    private bool IsOver(WorkerSupervisor supervisor, IReadOnlyList<Assignment> desired)
    {
        if (desired.Any(a => IsSame(a, supervisor.Assignment))) return false;
        var isReplaced = desired.Any(a => IsSameResource(a, supervisor.Assignment));
        return supervisor.Assignment.Kind == AssignmentKind.Trainer || !isReplaced || supervisors.Exists(s =>
            IsSameResource(s.Assignment, supervisor.Assignment) && s.Assignment.Epoch > supervisor.Assignment.Epoch && s.IsReady);
    }

    private WorkerSupervisor CreateSupervisor(Assignment assignment) => assignment.Kind switch
    {
        AssignmentKind.Trainer => new TrainerSupervisor(assignment, reports, program, options),
        AssignmentKind.Replica => new ReplicaSupervisor(assignment, reports, program, options, time),
        _ => throw new ArgumentOutOfRangeException(nameof(assignment), assignment.Kind, "No worker runs this kind of assignment."),
    };

    private static bool IsSameResource(Assignment a, Assignment b) => a.Kind == b.Kind && a.Resource == b.Resource;

    private static bool IsSame(Assignment a, Assignment b) => IsSameResource(a, b) && a.Epoch == b.Epoch;
}
