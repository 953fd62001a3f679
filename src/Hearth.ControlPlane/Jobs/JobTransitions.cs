using static Hearth.ControlPlane.JobStates;

namespace Hearth.ControlPlane;

/// <summary>What may follow what in a job's life, the same for all kinds of jobs. <see cref="ResourceStore"/> refuses everything else.</summary>
public static class JobTransitions
{
    public static StateMachine Table { get; } = new(
        [Creating, Validating, Pending, Failed], // FAILED at once: accepted and kept, but this server has nothing to run it with
        (Creating, [CreatingInputDataset, Validating, Pending, Running, Paused, Cancelling, Cancelled, Failed, Expired]),
        (CreatingInputDataset, [Validating, Pending, Running, Paused, Cancelling, Cancelled, Failed, Expired]),
        (Validating, [Creating, Pending, Running, Paused, Cancelling, Cancelled, Failed, Expired]),
        // A worker may end before it has reported progress: a resumed job at its last step.
        (Pending, [Creating, Validating, Running, ReQueueing, WritingResults, Completed, EarlyStopped, Paused, Cancelling, Cancelled, Failed, Expired]),
        (Running, [Idle, ReQueueing, WritingResults, Completed, EarlyStopped, Paused, Cancelling, Cancelled, Failed, Expired]),
        (Idle, [Running, ReQueueing, WritingResults, Completed, Paused, Cancelling, Cancelled, Failed, Expired]),
        (ReQueueing, [Pending, Running, Idle, WritingResults, Completed, EarlyStopped, Paused, Cancelling, Cancelled, Failed, Expired]),
        (WritingResults, [ReQueueing, Completed, EarlyStopped, Cancelling, Cancelled, Failed, Expired]),
        (Paused, [Pending, ReQueueing, Cancelling, Cancelled, Failed, Expired]),
        (Cancelling, [WritingResults, Cancelled, Failed]),
        (Failed, [Pending]), // resumed
        (Completed, []),
        (EarlyStopped, []),
        (Cancelled, []),
        (Expired, []));
}
