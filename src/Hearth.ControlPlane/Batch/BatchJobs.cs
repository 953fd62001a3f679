namespace Hearth.ControlPlane;

/// <summary>The verbs on batch inference jobs, and the steps that <see cref="BatchRun"/> takes through their states.</summary>
public sealed partial class BatchJobs(ResourceStore resources, BatchPlanner planner, ReplicaPlans replicas)
{
    /// <summary>Due rows that end a job at its expiry.</summary>
    public const string ExpireKind = "batch.expire";

    /// <summary>Checks what can be known at once; the rows are checked while the job is VALIDATING.</summary>
    public ValueTask<Stored<BatchJobRecord>> CreateAsync(Caller caller, ResourceName name, BatchJobDraft draft, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var spec = await planner.PlanAsync(caller, name, draft, cancel);
            var record = new BatchJobRecord { CreatedBy = caller.Email, User = caller.User, KeyId = caller.KeyId, Spec = spec, ExpireTime = resources.Now + spec.MaxDuration };
            var row = resources.NewRow(name, BatchStates.Validating, record, [spec.Model, spec.InputDataset, .. spec.EarlierOutputs.Distinct()]);
            change.Insert(row).Schedule(new(record.ExpireTime, name.Value, ExpireKind));
            return Records.Read<BatchJobRecord>(row);
        }, cancellationToken);

    /// <summary>Cancels: what was answered becomes the output dataset, then the job is gone. A job that has ended, or has answered nothing, goes at once.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<BatchJobRecord>(name, cancel);
            if (BatchStates.IsActive(job.Row.State))
            {
                var stopped = Stopped(change, job, BatchStates.DeletingCleaningUp, job.Value);
                if (job.Value.Progress.Processed > 0)
                {
                    change.Update(stopped);
                    return true;
                }
                await DropOutputAsync(change, job, cancel);
            }
            change.Delete(job.Row).Send(OutboxHandlers.DeleteRun(name, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>The time is over: what was answered is kept.</summary>
    public ValueTask<bool> ExpireAsync(ResourceName name, CancellationToken cancellationToken) =>
        EndingAsync(name, BatchStates.Expired, ErrorCode.DeadlineExceeded, "The job's time was over before all rows were answered. Go on with continuedFromJobName.", cancellationToken);

    /// <summary>Null once nothing is left to do.</summary>
    internal async ValueTask<Stored<BatchJobRecord>?> FindActiveAsync(ResourceName name, CancellationToken cancellationToken) =>
        await resources.FindAsync<BatchJobRecord>(name, cancellationToken) is { } job && BatchStates.IsActive(job.Row.State) ? job : null;

    /// <summary>The rows are good: the output dataset's name is taken, and rows may be answered.</summary>
    internal ValueTask<bool> ValidatedAsync(ResourceName name, long rows, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.Validating } job) return false;
            var output = ResourceName.Parse(job.Value.Spec.OutputDataset);
            if (await resources.Store.GetAsync(output.Value, cancel) is not null)
            {
                Fail(change, job, ErrorCode.AlreadyExists, $"{output} was created after the job. Create the job again with another outputDatasetId.");
                return true;
            }
            var dataset = new DatasetRecord { CreatedBy = job.Value.CreatedBy, Echo = Records.Write(new { sourceJobName = name.Value }) };
            change.Insert(resources.NewRow(output, DatasetRecord.Uploading, dataset));
            var ready = job.Value with { ValidatedTime = resources.Now, Progress = job.Value.Progress with { TotalRows = rows } };
            change.Update(job.With(ready, BatchStates.Pending, resources.Now) with { References = [.. job.Row.References, output.Value] });
            return true;
        }, cancellationToken);

    /// <summary>The rows are no good: the job fails before it has an output.</summary>
    internal ValueTask<bool> InvalidAsync(ResourceName name, string message, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.Validating } job) return false;
            Fail(change, job, ErrorCode.InvalidArgument, message);
            return true;
        }, cancellationToken);

    internal ValueTask<bool> RunningAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.Pending or BatchStates.Paused } job) return false;
            var running = job.Value with { RunStartTime = job.Value.RunStartTime ?? resources.Now, WaitingOnCapacity = false, StatusCode = ErrorCode.Ok, StatusMessage = "" };
            change.Update(job.With(running, BatchStates.Running, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>The account is suspended: rows wait until it goes on, or the job's time is over.</summary>
    internal ValueTask<bool> PauseAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.Pending or BatchStates.Running } job) return false;
            var paused = job.Value with { StatusCode = ErrorCode.FailedPrecondition, StatusMessage = $"Account {name.Account} is suspended; the job goes on when the account does." };
            change.Update(job.With(paused, BatchStates.Paused, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>Lines are on the disk: the transaction that makes them count, with their usage (rule R10). False where the job takes no more rows.</summary>
    internal ValueTask<bool> AnsweredAsync(
        ResourceName name, IReadOnlyList<BatchAnswer> answers, IReadOnlySet<long> skipped, (long Output, long Error) offsets, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.Running } job) return false;
            change.Update(job.With(job.Value with { Progress = job.Value.Progress.With(answers, skipped, offsets.Output, offsets.Error) }, null, resources.Now));
            foreach (var answer in answers.Where(answer => !answer.Failed)) change.Meter(UsageOf(job, answer));
            return true;
        }, cancellationToken);

    /// <summary>No row is left, or none may follow: the results are written next.</summary>
    internal ValueTask<bool> EndingAsync(ResourceName name, string endAs, ErrorCode code, string message, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { } job || job.Row.State is BatchStates.WritingResults or BatchStates.DeletingCleaningUp) return false;
            var ending = job.Value with { EndAs = endAs, StatusCode = code, StatusMessage = message };
            if (job.Row.State == BatchStates.Validating) End(change, job with { Value = ending });
            else change.Update(Stopped(change, job, BatchStates.WritingResults, ending));
            return true;
        }, cancellationToken);

    /// <summary>The job cannot go on: what was answered is kept, unless writing just that is what failed.</summary>
    internal async ValueTask AbandonAsync(ResourceName name, string reason, CancellationToken cancellationToken)
    {
        if (await EndingAsync(name, BatchStates.Failed, ErrorCode.Internal, reason, cancellationToken)) return;
        await EndedAsync(name, DropOutputAsync, cancellationToken, reason);
    }

    /// <summary>The output dataset's place is given up, unless it has rows.</summary>
    internal async ValueTask DropOutputAsync(Change change, Stored<BatchJobRecord> job, CancellationToken cancellationToken)
    {
        if (await FindOutputAsync(job, cancellationToken) is { Row.State: DatasetRecord.Uploading } output) change.Delete(output.Row);
    }

    internal ValueTask<Stored<DatasetRecord>?> FindOutputAsync(Stored<BatchJobRecord> job, CancellationToken cancellationToken) =>
        job.Value.ValidatedTime is null
            ? ValueTask.FromResult<Stored<DatasetRecord>?>(null)
            : resources.FindAsync<DatasetRecord>(ResourceName.Parse(job.Value.Spec.OutputDataset), cancellationToken);

    /// <summary>The end of a job whose files are published, or that has none.</summary>
    /// <param name="publish">Adds the output dataset's change.</param>
    /// <param name="failure">Set where the files could not be written: the job has failed.</param>
    internal ValueTask<bool> EndedAsync(
        ResourceName name, Func<Change, Stored<BatchJobRecord>, CancellationToken, ValueTask> publish, CancellationToken cancellationToken, string? failure = null) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindActiveAsync(name, cancel) is not { Row.State: BatchStates.WritingResults or BatchStates.DeletingCleaningUp } job) return false;
            await publish(change, job, cancel);
            if (job.Row.State == BatchStates.DeletingCleaningUp) change.Delete(job.Row).Send(OutboxHandlers.DeleteRun(name, resources.Now));
            else if (failure is not null) Fail(change, job, ErrorCode.Internal, failure);
            else End(change, job);
            return true;
        }, cancellationToken);

    /// <summary>No row is answered any more, no replica is kept.</summary>
    private ResourceRow Stopped(Change change, Stored<BatchJobRecord> job, string state, BatchJobRecord value)
    {
        change.Unassign(job.Name.Value).EndEndpoints(job.Name.Value).Unschedule(job.Name.Value, ExpireKind);
        return job.With(value with { Epoch = 0, WaitingOnCapacity = false }, state, resources.Now);
    }

    private void Fail(Change change, Stored<BatchJobRecord> job, ErrorCode code, string message) =>
        End(change, job with { Value = job.Value with { EndAs = BatchStates.Failed, StatusCode = code, StatusMessage = message } });

    private void End(Change change, Stored<BatchJobRecord> job) =>
        change.Update(Stopped(change, job, job.Value.EndAs, job.Value with { EndTime = resources.Now }) with { References = [] });

    private UsageEntry UsageOf(Stored<BatchJobRecord> job, BatchAnswer answer) =>
        new($"batch/{job.Incarnation}/{answer.Row}", job.Name.Account, "batch", job.Name.Value, job.Value.Spec.Model, resources.Now)
        {
            User = job.Value.User,
            KeyId = job.Value.KeyId,
            PromptTokens = answer.Usage.PromptTokens,
            CachedTokens = answer.Usage.CachedPromptTokens,
            CompletionTokens = answer.Usage.CompletionTokens,
            Rows = 1,
        };
}
