namespace Hearth.ControlPlane;

/// <summary>The verbs on fine-tuning jobs of every kind.</summary>
public sealed class TrainingJobs(ResourceStore resources, JobPlanner planner, Secrets secrets)
{
    /// <summary>The only node there is yet; a scheduler will choose.</summary>
    public const string Node = "local";

    /// <summary>The job's own secret that holds its W&amp;B key (rule S4).</summary>
    public const string WandbSecret = "wandb-api-key";

    /// <summary>Checks everything, then writes the job and its trainer's assignment together.</summary>
    /// <exception cref="HearthException">Something of the draft is wrong, is not there, or cannot be trained with.</exception>
    public async ValueTask<Stored<JobRecord>> CreateAsync(Caller caller, ResourceName name, JobDraft draft, CancellationToken cancellationToken)
    {
        var kind = JobKind.Of(name);
        JobRules.Require(kind, draft);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var plan = await planner.PlanAsync(caller, name, draft, cancel);
            var job = new Stored<JobRecord>(resources.NewRow(name, JobStates.Pending, ""), new() { CreatedBy = caller.Email, User = caller.User, KeyId = caller.KeyId, Spec = plan.Spec });
            var row = Started(change, job, plan, epoch);
            change.Insert(row);
            if (draft.Wandb is { ApiKey.Length: > 0 } wandb) await secrets.AttachAsync(change, caller, name, WandbSecret, wandb.ApiKey, cancel);
            return Records.Read<JobRecord>(row);
        }, cancellationToken);
    }

    /// <summary>Ends the trainer. Nothing is published.</summary>
    public ValueTask<bool> CancelAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "cancel", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<JobRecord>(name, cancel);
            if (!JobStates.IsActive(job.Row.State) && job.Row.State != JobStates.Paused)
                throw HearthException.Precondition($"{name} is {job.Row.State}: only a pending, running or paused job can be cancelled.");
            change.Update(job.Ended(JobStates.Cancelled, ErrorCode.Cancelled, "cancelled by the user", resources.Now)).Unassign(name.Value);
            return true;
        }, cancellationToken);

    /// <summary>Ends the trainer; the job keeps its dataset and models, and goes on with <see cref="ResumeAsync"/>.</summary>
    public ValueTask<Stored<JobRecord>> PauseAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "pause", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<JobRecord>(name, cancel);
            if (!JobStates.IsActive(job.Row.State))
                throw HearthException.Precondition($"{name} is {job.Row.State}: only a pending or running job can be paused.");
            var row = job.With(job.Value with { Epoch = 0, StatusMessage = "paused by the user" }, JobStates.Paused, resources.Now);
            change.Update(row).Unassign(name.Value);
            return Records.Read<JobRecord>(row);
        }, cancellationToken);

    /// <summary>Starts a trainer again for a failed or paused job, once everything it uses is seen to be still there.</summary>
    public async ValueTask<Stored<JobRecord>> ResumeAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "resume", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<JobRecord>(name, cancel);
            if (job.Row.State is not (JobStates.Failed or JobStates.Paused))
                throw HearthException.Precondition($"{name} is {job.Row.State}: only a failed or paused job can be resumed. Create a new job with warmStartFrom instead.");
            var row = Started(change, job, await planner.ReplanAsync(caller, job, cancel), epoch);
            change.Update(row);
            return Records.Read<JobRecord>(row);
        }, cancellationToken);
    }

    /// <summary>Ends the job's trainer and removes its run folder. Its output model, if there is one, stays.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<JobRecord>(name, cancel);
            change.Delete(job.Row).Unassign(name.Value).Unschedule(name.Value, StalledJobs.DueKind).Send(OutboxHandlers.DeleteRun(name, resources.Now));
            await secrets.DetachAsync(change, name, cancel);
            return true;
        }, cancellationToken);

    /// <summary>The job's row with a trainer assigned; FAILED where this server has none for its kind.</summary>
    private ResourceRow Started(Change change, Stored<JobRecord> job, JobPlan plan, long epoch)
    {
        if (plan.Trainer is not { } trainer)
        {
            var feature = JobKind.Of(job.Name).Feature;
            return job.Ended(JobStates.Failed, ErrorCode.Unimplemented,
                $"{feature} is not run by this version of the server: the job was checked and kept, nothing was trained. Resume it after an upgrade.", resources.Now);
        }
        change.Assign(new(job.Name.Value, Node, AssignmentKind.Trainer, epoch, Records.Write(trainer)));
        var started = job.Value with { Epoch = epoch, StatusCode = ErrorCode.Ok, StatusMessage = "", CompletedTime = null, Crashes = null };
        return job.With(started, JobStates.Pending, resources.Now) with { References = job.Value.Spec.References() };
    }
}

/// <summary>How jobs end.</summary>
internal static class JobEndings
{
    /// <summary>The row of a job that is over: no trainer may report, and what it used is free.</summary>
    public static ResourceRow Ended(this Stored<JobRecord> job, string state, ErrorCode code, string message, DateTimeOffset now)
    {
        var ended = job.Value with { Epoch = 0, StatusCode = code, StatusMessage = message, CompletedTime = now };
        return job.With(ended, state, now) with { References = [] };
    }
}
