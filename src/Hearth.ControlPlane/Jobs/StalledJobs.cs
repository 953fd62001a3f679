namespace Hearth.ControlPlane;

/// <summary>Jobs that stopped because the disk was full: looked at twice a minute, resumed when there is room again.</summary>
public sealed class StalledJobs(ResourceStore resources, TrainingJobs jobs, IBlobs blobs) : IDueHandler
{
    public const string DueKind = "jobs.stalled";
    public const long RoomBytes = 2L << 30;
    public const string Message = "The server's disk is full. The job goes on by itself when 2 GB are free; what it has learned is kept.";

    public static TimeSpan Pause { get; } = TimeSpan.FromSeconds(30);

    public string Kind => DueKind;

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(due.Resource);
        if (!IsStalled(await resources.FindAsync<JobRecord>(name, cancellationToken))) return;
        if (blobs.FreeBytes >= RoomBytes)
        {
            await jobs.ResumeAsync(Caller.System with { Account = name.Account }, name, cancellationToken);
            return;
        }
        await resources.StepAsync(name, async (change, cancel) =>
        {
            if (!IsStalled(await resources.FindAsync<JobRecord>(name, cancel))) return false;
            change.Schedule(new(resources.Now + Pause, name.Value, DueKind));
            return true;
        }, cancellationToken);
    }

    // A job that its owner paused stays paused.
    private static bool IsStalled(Stored<JobRecord>? job) => job is { Row.State: JobStates.Paused, Value.StatusCode: ErrorCode.ResourceExhausted };
}
