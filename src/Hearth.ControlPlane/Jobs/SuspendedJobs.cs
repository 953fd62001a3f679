namespace Hearth.ControlPlane;

/// <summary>
/// Jobs of an account that has spent its month's budget: paused with the next step they report, resumed by themselves when the account may go on.
/// What they had trained until then is kept and paid for.
/// </summary>
public sealed class SuspendedJobs(ResourceStore resources, TrainingJobs jobs, Suspension suspension) : IDueHandler
{
    public const string DueKind = "jobs.suspended";

    public static TimeSpan Pause { get; } = TimeSpan.FromMinutes(1);

    public string Kind => DueKind;

    /// <summary>After a step was reported: false where the job's trainer must end.</summary>
    public async ValueTask<bool> MayGoOnAsync(ResourceName name, long epoch, CancellationToken cancellationToken)
    {
        if (!await suspension.IsSuspendedAsync(name.Account, cancellationToken)) return true;
        await resources.StepAsync(name, async (change, cancel) =>
        {
            var job = await resources.FindAsync<JobRecord>(name, cancel);
            if (job is null || job.Value.Epoch != epoch || !JobStates.IsActive(job.Row.State)) return false;
            var paused = job.Value with { Epoch = 0, StatusCode = ErrorCode.FailedPrecondition, StatusMessage = Suspension.Message(name.Account) };
            change.Update(job.With(paused, JobStates.Paused, resources.Now)).Unassign(name.Value);
            change.Schedule(new(resources.Now + Pause, name.Value, DueKind));
            return true;
        }, cancellationToken);
        return false;
    }

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(due.Resource);
        if (!IsPausedHere(await resources.FindAsync<JobRecord>(name, cancellationToken))) return;
        if (!await suspension.IsSuspendedAsync(name.Account, cancellationToken))
        {
            await jobs.ResumeAsync(Caller.System with { Account = name.Account }, name, cancellationToken);
            return;
        }
        await resources.StepAsync(name, async (change, cancel) =>
        {
            if (!IsPausedHere(await resources.FindAsync<JobRecord>(name, cancel))) return false;
            change.Schedule(new(resources.Now + Pause, name.Value, DueKind));
            return true;
        }, cancellationToken);
    }

    // A job that its owner paused stays paused.
    private static bool IsPausedHere(Stored<JobRecord>? job) => job is { Row.State: JobStates.Paused, Value.StatusCode: ErrorCode.FailedPrecondition };
}
