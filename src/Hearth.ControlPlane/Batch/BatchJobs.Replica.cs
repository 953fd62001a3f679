namespace Hearth.ControlPlane;

/// <summary>The replica that a job has of its own while nothing else serves its model.</summary>
public sealed partial class BatchJobs
{
    private const int MaxFailedStarts = 3;

    /// <summary>No replica serves the model: the job starts one of its own, unless one is on its way.</summary>
    internal async ValueTask<bool> WaitAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { } job || !BatchStates.TakesRows(job.Row.State) || job.Value.Epoch > 0) return false;
            var model = await resources.GetAsync<ModelRecord>(ResourceName.Parse(job.Value.Spec.Model), cancel);
            change.Update(job.With(job.Value with { Epoch = epoch, WaitingOnCapacity = true }, BatchStates.Pending, resources.Now));
            change.Assign(await replicas.AssignAsync(name, model, epoch, cancel));
            return true;
        }, cancellationToken);
    }

    internal ValueTask<bool> ReportReadyAsync(ResourceName name, long epoch, string socket, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            change.SetEndpoint(new(name.Value, 0, TrainingJobs.Node, epoch, socket, addonHashes));
            change.Update(job.With(job.Value with { FailedStarts = 0, WaitingOnCapacity = false }, null, resources.Now));
            return true;
        }, cancellationToken);

    internal ValueTask<bool> ReportExitedAsync(ResourceName name, long epoch, string reason, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            change.EndEndpoints(name.Value);
            var exited = job.Value with { FailedStarts = job.Value.FailedStarts + 1 };
            change.Update(exited.FailedStarts < MaxFailedStarts
                ? job.With(exited, null, resources.Now)
                : Stopped(change, job, BatchStates.WritingResults, exited with { EndAs = BatchStates.Failed, StatusCode = ErrorCode.Unavailable, StatusMessage = reason }));
            return true;
        }, cancellationToken);

    /// <summary>After a restart: the replica is gone, a new one starts with a higher epoch (rule R6).</summary>
    internal async ValueTask RestartAsync(AssignmentRow assignment, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(assignment.Resource);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        await resources.StepAsync(name, async (change, cancel) =>
        {
            change.EndEndpoints(name.Value);
            if (await FindActiveAsync(name, cancel) is not { } job || !BatchStates.TakesRows(job.Row.State)) change.Unassign(name.Value);
            else change.Update(job.With(job.Value with { Epoch = epoch }, null, resources.Now)).Assign(assignment with { Epoch = epoch });
            return true;
        }, cancellationToken);
    }

    private async ValueTask<Stored<BatchJobRecord>?> FindReportableAsync(ResourceName name, long epoch, CancellationToken cancellationToken) =>
        await FindActiveAsync(name, cancellationToken) is { } job && job.Value.Epoch == epoch && epoch > 0 ? job : null;
}
