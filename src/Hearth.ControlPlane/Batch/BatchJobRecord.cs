namespace Hearth.ControlPlane;

/// <summary>A batch inference job: the rows of a dataset, each answered once.</summary>
public sealed record BatchJobRecord
{
    public string CreatedBy { get; init; } = "";
    /// <summary>Whose usage the rows are.</summary>
    public string User { get; init; } = "";
    public string KeyId { get; init; } = "";
    public required BatchJobSpec Spec { get; init; }
    public DateTimeOffset ExpireTime { get; init; }
    public DateTimeOffset? ValidatedTime { get; init; }
    public DateTimeOffset? RunStartTime { get; init; }
    public DateTimeOffset? EndTime { get; init; }
    public bool WaitingOnCapacity { get; init; }
    /// <summary>Fencing number of the job's own replica; 0 while it has none.</summary>
    public long Epoch { get; init; }
    /// <summary>Exits of the own replica since it was last ready.</summary>
    public int FailedStarts { get; init; }
    public BatchProgress Progress { get; init; } = new();
    /// <summary>State that follows WRITING_RESULTS; empty before.</summary>
    public string EndAs { get; init; } = "";
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";

    public Caller Caller(string account) => new(account, User, CreatedBy, UserRole.User, KeyId);
}

/// <summary>What a batch job was asked to do, defaults filled in.</summary>
public sealed record BatchJobSpec
{
    public required string Model { get; init; }
    public required string InputDataset { get; init; }
    public required string OutputDataset { get; init; }
    /// <summary>The job whose unfinished and failed rows these are; empty: all rows.</summary>
    public string ContinuedFrom { get; init; } = "";
    /// <summary>Output datasets of the chain of jobs that this one goes on from: their rows are done.</summary>
    public IReadOnlyList<string> EarlierOutputs { get; init; } = [];
    /// <summary>Fields of a chat completion that hold where a row does not say otherwise, as a JSON object.</summary>
    public string Defaults { get; init; } = "{}";
    /// <summary>Opens the rows that have no system message of their own.</summary>
    public string SystemPrompt { get; init; } = "";
    /// <summary>From creation to expiry.</summary>
    public TimeSpan MaxDuration { get; init; }
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
}

/// <summary>
/// How far a job is: what the output files hold up to their offsets, row by row (rule R10). Rows end in any order: all before
/// <see cref="Cursor"/> are done, and those in <see cref="DoneAhead"/>.
/// </summary>
public sealed record BatchProgress
{
    public long TotalRows { get; init; }
    public long Cursor { get; init; }
    public IReadOnlyList<long> DoneAhead { get; init; } = [];
    public long Succeeded { get; init; }
    public long Failed { get; init; }
    public long InputTokens { get; init; }
    public long CachedTokens { get; init; }
    public long OutputTokens { get; init; }
    /// <summary>Bytes of the answers' file that count.</summary>
    public long OutputOffset { get; init; }
    /// <summary>Bytes of the errors' file that count.</summary>
    public long ErrorOffset { get; init; }

    public long Processed => Succeeded + Failed;

    /// <summary>With some more rows done.</summary>
    /// <param name="skipped">Rows that an earlier job has done.</param>
    public BatchProgress With(IReadOnlyList<BatchAnswer> answers, IReadOnlySet<long> skipped, long outputOffset, long errorOffset)
    {
        var ahead = DoneAhead.Concat(answers.Select(answer => answer.Row)).ToHashSet();
        var cursor = Cursor;
        while (ahead.Remove(cursor) || skipped.Contains(cursor)) cursor++;
        var good = answers.Where(answer => !answer.Failed).ToList();
        return this with
        {
            Cursor = cursor,
            DoneAhead = [.. ahead.Order()],
            Succeeded = Succeeded + good.Count,
            Failed = Failed + answers.Count - good.Count,
            InputTokens = InputTokens + good.Sum(answer => (long)answer.Usage.PromptTokens),
            CachedTokens = CachedTokens + good.Sum(answer => (long)answer.Usage.CachedPromptTokens),
            OutputTokens = OutputTokens + good.Sum(answer => (long)answer.Usage.CompletionTokens),
            OutputOffset = outputOffset,
            ErrorOffset = errorOffset,
        };
    }
}

/// <summary>States of a batch job as the wire spells them.</summary>
public static class BatchStates
{
    public const string Validating = "JOB_STATE_VALIDATING";
    public const string Pending = "JOB_STATE_PENDING";
    public const string Running = "JOB_STATE_RUNNING";
    /// <summary>The account is suspended.</summary>
    public const string Paused = "JOB_STATE_PAUSED";
    public const string WritingResults = "JOB_STATE_WRITING_RESULTS";
    public const string Completed = "JOB_STATE_COMPLETED";
    public const string Failed = "JOB_STATE_FAILED";
    public const string Expired = "JOB_STATE_EXPIRED";
    public const string DeletingCleaningUp = "JOB_STATE_DELETING_CLEANING_UP";

    /// <summary>Something is left to do.</summary>
    public static bool IsActive(string state) => state is Validating or Pending or Running or Paused or WritingResults or DeletingCleaningUp;

    /// <summary>Rows may still be answered.</summary>
    public static bool TakesRows(string state) => state is Pending or Running or Paused;
}
