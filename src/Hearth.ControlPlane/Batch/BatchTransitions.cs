using static Hearth.ControlPlane.BatchStates;

namespace Hearth.ControlPlane;

/// <summary>What may follow what in a batch job's life. <see cref="ResourceStore"/> refuses everything else.</summary>
public static class BatchTransitions
{
    public static StateMachine Table { get; } = new(
        [Validating],
        (Validating, [Pending, Failed, Expired, DeletingCleaningUp]),
        (Pending, [Running, WritingResults, DeletingCleaningUp, Failed]),
        (Running, [Pending, WritingResults, DeletingCleaningUp]), // PENDING again: its replica was lost
        (WritingResults, [Completed, Failed, Expired, DeletingCleaningUp]),
        (DeletingCleaningUp, []), // then it is gone
        (Completed, []),
        (Failed, []),
        (Expired, []));
}
