namespace Hearth.ControlPlane;

/// <summary>Start-up: no process of an earlier server is adopted (rule R6). Every assignment gets a higher epoch, so that old processes are refused. Orphan files go.</summary>
public sealed class Recovery(IStore store, TrainingReports jobs, Deployments deployments, BatchJobs batches, Sweeper sweeper)
{
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        await RequeueAsync(cancellationToken);
        await sweeper.RunAsync(cancellationToken);
    }

    /// <summary>Gives every assignment a higher epoch: what runs under the old ones is refused and ends, new processes start.</summary>
    public async ValueTask RequeueAsync(CancellationToken cancellationToken)
    {
        foreach (var assignment in await store.ListAssignmentsAsync(null, cancellationToken))
        {
            if (assignment.Kind == AssignmentKind.Trainer) await jobs.RequeueAsync(assignment, cancellationToken);
            else if (ResourceName.Parse(assignment.Resource).Kind == ResourceKind.BatchInferenceJobs) await batches.RestartAsync(assignment, cancellationToken);
            else await deployments.RestartAsync(assignment, cancellationToken);
        }
    }
}
