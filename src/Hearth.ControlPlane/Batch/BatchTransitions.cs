using static Hearth.ControlPlane.BatchStates;

namespace Hearth.ControlPlane;

/// <summary>What may follow what in a batch job's life. <see cref="ResourceStore"/> refuses everything else.</summary>
public static class BatchTransitions
{
    public static StateMachine Table { get; } = new(
        [Validating],
        (Validating, [Pending, Failed, Expired, DeletingCleaningUp]),
        (Pending, [Running, Paused, WritingResults, DeletingCleaningUp, Failed]),
        (Running, [Pending, Paused, WritingResults, DeletingCleaningUp]), // PENDING again: its replica was lost
        (Paused, [Pending, Running, WritingResults, DeletingCleaningUp]), // the account is suspended
        (WritingResults, [Completed, Failed, Expired, DeletingCleaningUp]),
        (DeletingCleaningUp, []), // then it is gone
        (Completed, []),
        (Failed, []),
        (Expired, []));
}
