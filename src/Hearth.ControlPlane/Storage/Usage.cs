namespace Hearth.ControlPlane;

/// <summary>What was used, once per key (rule R10): a second entry with the same key changes nothing.</summary>
public sealed record UsageEntry(string Key, string Account, string Kind, string Resource, string Model, DateTimeOffset At)
{
    /// <summary>Id of the user on whose behalf; empty where the platform acted by itself.</summary>
    public string User { get; init; } = "";
    /// <summary>Id of the API key that asked; empty where none did.</summary>
    public string KeyId { get; init; } = "";
    public long PromptTokens { get; init; }
    public long CachedTokens { get; init; }
    public long CompletionTokens { get; init; }
    public long TrainedTokens { get; init; }
    public long DurationMilliseconds { get; init; }
    /// <summary>How many accelerators were held for that duration; on a machine without any, the replicas.</summary>
    public long Accelerators { get; init; }
    /// <summary>Rows of a batch.</summary>
    public long Rows { get; init; }
}

/// <summary>An account's usage in a time range.</summary>
public sealed record UsageQuery(string Account)
{
    /// <summary>Entries at or after this time.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Entries before this time.</summary>
    public DateTimeOffset? To { get; init; }
    /// <summary>Only this kind, such as <c>chat</c>.</summary>
    public string? Kind { get; init; }
    public string? Resource { get; init; }
}

/// <summary>By what usage is summed, beside time.</summary>
[Flags]
public enum UsageFields
{
    None = 0,
    Kind = 1,
    Model = 2,
    Resource = 4,
    User = 8,
    Key = 16,
}

/// <summary>Usage of one time bucket and one combination of the fields it was summed by; other fields are empty.</summary>
/// <param name="Start">Beginning of the bucket. Buckets are counted from midnight UTC.</param>
public sealed record UsageSum(DateTimeOffset Start, string Kind, string Model, string Resource, string User, string KeyId)
{
    public long Entries { get; init; }
    public long PromptTokens { get; init; }
    public long CachedTokens { get; init; }
    public long CompletionTokens { get; init; }
    public long TrainedTokens { get; init; }
    public long DurationMilliseconds { get; init; }
    /// <summary>Sum of duration times accelerators.</summary>
    public long AcceleratorMilliseconds { get; init; }
    public long Rows { get; init; }
}
