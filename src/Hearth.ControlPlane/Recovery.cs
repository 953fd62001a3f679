namespace Hearth.ControlPlane;

/// <summary>Start-up: no process of an earlier server is adopted (rule R6). Every assignment gets a higher epoch, so that old processes are refused. Orphan files go.</summary>
public sealed class Recovery(IStore store, IBlobs blobs, TrainingReports jobs, Deployments deployments, BatchJobs batches, TimeProvider clock)
{
    private static readonly TimeSpan OrphanAge = TimeSpan.FromHours(24); // rule R9

    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        foreach (var assignment in await store.ListAssignmentsAsync(null, cancellationToken))
        {
            if (assignment.Kind == AssignmentKind.Trainer) await jobs.RequeueAsync(assignment, cancellationToken);
            else if (ResourceName.Parse(assignment.Resource).Kind == ResourceKind.BatchInferenceJobs) await batches.RestartAsync(assignment, cancellationToken);
            else await deployments.RestartAsync(assignment, cancellationToken);
        }
        await SweepAsync(cancellationToken);
    }

    /// <summary>A crash between a rename and its commit leaves bytes that no row names.</summary>
    private async ValueTask SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, isFolder) in blobs.WrittenBefore(clock.GetUtcNow() - OrphanAge))
        {
            if (await store.IsReferencedAsync(isFolder ? $"folders/{name}" : $"blobs/{name}", cancellationToken)) continue;
            if (isFolder) blobs.DeleteFolder(name);
            else blobs.Delete(name);
        }
    }
}
