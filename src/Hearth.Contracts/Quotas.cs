namespace Hearth.Contracts;

/// <summary>What an account may use of something, and what it uses.</summary>
public sealed record Quota
{
    public string Name { get; init; } = "";
    public long Value { get; init; }
    public long MaxValue { get; init; }
    public double Usage { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>What an admin may set on a quota.</summary>
public sealed record QuotaParam
{
    public long? Value { get; init; }
}
