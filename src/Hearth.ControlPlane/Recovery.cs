namespace Hearth.ControlPlane;

/// <summary>Start-up: no process of an earlier server is adopted (rule R6). Every assignment gets a higher epoch, so that old processes are refused.</summary>
public sealed class Recovery(IStore store, SupervisedJobs jobs, Deployments deployments)
{
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        foreach (var assignment in await store.ListAssignmentsAsync(null, cancellationToken))
        {
            if (assignment.Kind == AssignmentKind.Trainer) await jobs.RequeueAsync(assignment, cancellationToken);
            else await deployments.RestartAsync(assignment, cancellationToken);
        }
    }
}
