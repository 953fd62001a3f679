using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What trainers report about fine-tuning jobs of every kind. A report that no longer counts answers false (rule R5).</summary>
public sealed class TrainingReports(ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox)
{
    /// <summary>Ends of the process without getting further that fail a job.</summary>
    public const int MaxCrashes = 3;

    public ValueTask<bool> ProgressAsync(ResourceName name, long epoch, JobProgress progress, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            change.Update(job.With(job.Value with { Progress = Finite(progress), StatusMessage = "" }, JobStates.Running, resources.Now));
            change.Meter(TrainingUsage(job, progress));
            return true;
        }, cancellationToken);

    /// <summary>Publishes the adapter, then writes the model, READY, together with the job's end. An adapter that is not what was reported fails the job.</summary>
    public async ValueTask<bool> CompletedAsync(ResourceName name, long epoch, TrainedAdapter adapter, CancellationToken cancellationToken)
    {
        if (await FindReportableAsync(name, epoch, cancellationToken) is null) return false;
        try
        {
            return await PublishAsync(name, epoch, adapter, AdapterConfig.Read(adapter.Folder, adapter.Hash), cancellationToken);
        }
        catch (IOException full) when (DiskSpace.IsFull(full))
        {
            return await StalledAsync(name, epoch, cancellationToken);
        }
        catch (Exception unfit) when (unfit is InvalidDataException or IOException or JsonException)
        {
            // Messages of the file system name paths, which users never see.
            var reason = unfit is InvalidDataException ? unfit.Message : "Its files could not be read or stored.";
            return await FailedAsync(name, epoch, $"The adapter could not be published: {reason}", cancellationToken);
        }
    }

    public ValueTask<bool> FailedAsync(ResourceName name, long epoch, string reason, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            End(change, job, JobStates.Failed, ErrorCode.Internal, reason);
            return true;
        }, cancellationToken);

    /// <summary>
    /// The trainer's process ended by itself: a new one goes on from the last checkpoint, with a higher epoch. The third end without
    /// getting beyond the furthest step fails the job with the end of the log.
    /// </summary>
    public async ValueTask<bool> CrashedAsync(ResourceName name, long epoch, string reason, CancellationToken cancellationToken)
    {
        var next = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            var step = job.Value.Progress?.Step ?? 0;
            var crashes = job.Value.Crashes is { } before && step <= before.Step ? before with { Count = before.Count + 1 } : new(step, 1);
            var assignment = (await resources.Store.ListAssignmentsAsync(TrainingJobs.Node, cancel)).FirstOrDefault(row => row.Resource == name.Value);
            if (crashes.Count >= MaxCrashes || assignment is null)
            {
                End(change, job with { Value = job.Value with { Crashes = crashes } }, JobStates.Failed, ErrorCode.Internal, reason);
                return true;
            }
            var queued = job.Value with { Epoch = next, Crashes = crashes, StatusMessage = $"The trainer ended after step {step} and is started again ({crashes.Count} of {MaxCrashes})." };
            change.Update(job.With(queued, JobStates.ReQueueing, resources.Now)).Assign(assignment with { Epoch = next });
            return true;
        }, cancellationToken);
    }

    /// <summary>The disk is full: the job is paused, and <see cref="StalledJobs"/> lets it go on when there is room.</summary>
    public ValueTask<bool> StalledAsync(ResourceName name, long epoch, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            var stalled = job.Value with { Epoch = 0, StatusCode = ErrorCode.ResourceExhausted, StatusMessage = StalledJobs.Message };
            change.Update(job.With(stalled, JobStates.Paused, resources.Now)).Unassign(name.Value);
            change.Schedule(new(resources.Now + StalledJobs.Pause, name.Value, StalledJobs.DueKind));
            return true;
        }, cancellationToken);

    /// <summary>After a restart: the trainer is gone, a new one starts with a higher epoch (rule R6).</summary>
    public async ValueTask RequeueAsync(AssignmentRow assignment, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        await resources.StepAsync(ResourceName.Parse(assignment.Resource), async (change, cancel) =>
        {
            var job = await resources.FindAsync<JobRecord>(ResourceName.Parse(assignment.Resource), cancel);
            if (job is null || !JobStates.IsActive(job.Row.State)) change.Unassign(assignment.Resource);
            else change.Update(job.With(job.Value with { Epoch = epoch }, JobStates.ReQueueing, resources.Now)).Assign(assignment with { Epoch = epoch });
            return true;
        }, cancellationToken);
    }

    private async ValueTask<Stored<JobRecord>?> FindReportableAsync(ResourceName name, long epoch, CancellationToken cancellationToken)
    {
        var job = await resources.FindAsync<JobRecord>(name, cancellationToken);
        return job is not null && job.Value.Epoch == epoch && JobStates.IsActive(job.Row.State) ? job : null;
    }

    private void End(Change change, Stored<JobRecord> job, string state, ErrorCode code, string message) =>
        change.Update(job.Ended(state, code, message, resources.Now)).Unassign(job.Name.Value);

    private async ValueTask<bool> PublishAsync(ResourceName name, long epoch, TrainedAdapter adapter, AdapterConfig facts, CancellationToken cancellationToken)
    {
        return await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var path = await blobs.PublishFolderAsync(adapter.Folder, adapter.Hash, cancel);
            return await resources.StepAsync(name, async (change, inner) =>
            {
                if (await FindReportableAsync(name, epoch, inner) is not { } job) return false;
                if (!await TryAddModelAsync(change, job, adapter, facts, path, inner))
                {
                    End(change, job, JobStates.Failed, ErrorCode.AlreadyExists, $"{job.Value.Spec.OutputModel} was created while the job ran. Run it again with another outputModel.");
                    return true;
                }
                var measured = adapter is { EvaluationLossBefore: { } before, EvaluationLossAfter: { } after } ? new JobEvaluation(before, after) : null;
                End(change, job with { Value = job.Value with { Evaluation = measured } }, adapter.EarlyStopped ? JobStates.EarlyStopped : JobStates.Completed, ErrorCode.Ok, "");
                return true;
            }, cancel);
        }, cancellationToken);
    }

    private async ValueTask<bool> TryAddModelAsync(
        Change change, Stored<JobRecord> job, TrainedAdapter adapter, AdapterConfig facts, string path, CancellationToken cancellationToken)
    {
        var spec = job.Value.Spec;
        var name = ResourceName.Parse(spec.OutputModel);
        if (await resources.Store.GetAsync(name.Value, cancellationToken) is not null) return false;
        var model = new ModelRecord
        {
            CreatedBy = job.Value.CreatedBy,
            Kind = ModelRecord.AddonKind,
            Path = path,
            FineTuningJob = job.Name.Value,
            Chat = spec.JinjaTemplate == "" ? null : new(spec.JinjaTemplate, null), // it answers as it was taught
            Adapter = new(spec.BaseModel, facts.Rank, facts.TargetModules, facts.BaseModelType, adapter.Hash, adapter.Hash),
        };
        change.Insert(resources.NewRow(name, ModelRecord.Ready, model, spec.BaseModel, $"folders/{adapter.Hash}"));
        return true;
    }

    private UsageEntry TrainingUsage(Stored<JobRecord> job, JobProgress progress) =>
        new($"training/{job.Incarnation}/{progress.Step}", job.Name.Account, "training", job.Name.Value, job.Value.Spec.BaseModel, resources.Now)
        {
            User = job.Value.User,
            KeyId = job.Value.KeyId,
            TrainedTokens = Math.Max(0, progress.TrainedTokens - (job.Value.Progress?.TrainedTokens ?? 0)),
        };

    // JSON has no NaN; an unknown rate or time is 0.
    private static JobProgress Finite(JobProgress progress) => progress with
    {
        Loss = Finite(progress.Loss),
        TokensPerSecond = Finite(progress.TokensPerSecond),
        Epoch = Finite(progress.Epoch),
        SecondsLeft = Finite(progress.SecondsLeft),
    };

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;
}
