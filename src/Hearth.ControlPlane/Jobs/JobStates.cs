namespace Hearth.ControlPlane;

/// <summary>States of a job as the wire spells them.</summary>
public static class JobStates
{
    public const string Creating = "JOB_STATE_CREATING";
    public const string CreatingInputDataset = "JOB_STATE_CREATING_INPUT_DATASET";
    public const string Validating = "JOB_STATE_VALIDATING";
    public const string Pending = "JOB_STATE_PENDING";
    public const string Running = "JOB_STATE_RUNNING";
    /// <summary>A service-mode trainer that waits for its next step.</summary>
    public const string Idle = "JOB_STATE_IDLE";
    public const string ReQueueing = "JOB_STATE_RE_QUEUEING";
    public const string Paused = "JOB_STATE_PAUSED";
    public const string WritingResults = "JOB_STATE_WRITING_RESULTS";
    public const string Cancelling = "JOB_STATE_CANCELLING";
    public const string Completed = "JOB_STATE_COMPLETED";
    /// <summary>Ended early with a usable model.</summary>
    public const string EarlyStopped = "JOB_STATE_EARLY_STOPPED";
    public const string Failed = "JOB_STATE_FAILED";
    public const string Cancelled = "JOB_STATE_CANCELLED";
    /// <summary>Out of time; partial results stay.</summary>
    public const string Expired = "JOB_STATE_EXPIRED";

    /// <summary>A trainer runs, or will.</summary>
    public static bool IsActive(string state) => state is Pending or Running or ReQueueing;
}
