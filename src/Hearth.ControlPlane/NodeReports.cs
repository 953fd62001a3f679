namespace Hearth.ControlPlane;

/// <summary>Takes node agents' reports to the resource they are about. A report that no longer counts answers false (rule R5).</summary>
public sealed class NodeReports(TrainingReports jobs, SuspendedJobs suspended, Deployments deployments, BatchJobs batches, ReplicaFigureBoard board) : INodeReports
{
    public async ValueTask<bool> JobProgressAsync(string job, long epoch, JobProgress progress, CancellationToken cancellationToken) =>
        await jobs.ProgressAsync(ResourceName.Parse(job), epoch, progress, cancellationToken)
        && await suspended.MayGoOnAsync(ResourceName.Parse(job), epoch, cancellationToken);

    public ValueTask<bool> JobCompletedAsync(string job, long epoch, TrainedAdapter adapter, CancellationToken cancellationToken) =>
        jobs.CompletedAsync(ResourceName.Parse(job), epoch, adapter, cancellationToken);

    public ValueTask<bool> JobFailedAsync(string job, long epoch, string reason, CancellationToken cancellationToken) =>
        jobs.FailedAsync(ResourceName.Parse(job), epoch, reason, cancellationToken);

    public ValueTask<bool> JobCrashedAsync(string job, long epoch, string reason, CancellationToken cancellationToken) =>
        jobs.CrashedAsync(ResourceName.Parse(job), epoch, reason, cancellationToken);

    public ValueTask<bool> JobStalledAsync(string job, long epoch, CancellationToken cancellationToken) =>
        jobs.StalledAsync(ResourceName.Parse(job), epoch, cancellationToken);

    public ValueTask<bool> ReplicaReadyAsync(
        string deployment, long epoch, string socketPath, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken) =>
        ResourceName.Parse(deployment) is { Kind: ResourceKind.BatchInferenceJobs } batch
            ? batches.ReportReadyAsync(batch, epoch, socketPath, addonHashes, cancellationToken)
            : deployments.ReportReadyAsync(ResourceName.Parse(deployment), epoch, socketPath, addonHashes, cancellationToken);

    public ValueTask<bool> ReplicaFiguresAsync(string deployment, long epoch, string replica, ReplicaFigures figures, CancellationToken cancellationToken)
    {
        board.Put(deployment, replica, figures); // whoever runs says so; whether it still should is answered to its other reports
        return new(true);
    }

    public ValueTask<bool> ReplicaExitedAsync(string deployment, long epoch, string reason, CancellationToken cancellationToken) =>
        ResourceName.Parse(deployment) is { Kind: ResourceKind.BatchInferenceJobs } batch
            ? batches.ReportExitedAsync(batch, epoch, reason, cancellationToken)
            : deployments.ReportExitedAsync(ResourceName.Parse(deployment), epoch, reason, cancellationToken);
}
