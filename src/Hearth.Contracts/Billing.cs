namespace Hearth.Contracts;

/// <summary>Usage of a time bucket and what it costs. Fields that it was not grouped by are empty.</summary>
public sealed record UsageCost
{
    public DateTimeOffset StartTime { get; init; }
    public DateTimeOffset EndTime { get; init; }
    public string UsageType { get; init; } = "";
    public string ModelName { get; init; } = "";
    public string DeploymentName { get; init; } = "";
    public string UserId { get; init; } = "";
    public string ApiKeyId { get; init; } = "";
    public long RequestCount { get; init; }
    public long PromptTokens { get; init; }
    public long CachedPromptTokens { get; init; }
    public long CompletionTokens { get; init; }
    public long TrainedTokens { get; init; }
    public double AcceleratorSeconds { get; init; }
    public Money Cost { get; init; } = new();
}

/// <summary>Answer of <c>GET billingUsage</c>.</summary>
public sealed record BillingUsage
{
    public IReadOnlyList<UsageCost> ServerlessCosts { get; init; } = [];
    public IReadOnlyList<UsageCost> DedicatedDeploymentCosts { get; init; } = [];
    public IReadOnlyList<UsageCost> TrainingCosts { get; init; } = [];
}

/// <summary>Answer of <c>GET billing/summary</c>.</summary>
public sealed record BillingSummary
{
    public IReadOnlyList<BillingLineItem> LineItems { get; init; } = [];
    public IReadOnlyList<BillingBucket> UsageBuckets { get; init; } = [];
}

/// <summary>One line of a summary.</summary>
public sealed record BillingLineItem
{
    public Money TotalCost { get; init; } = new();
    public string UsageType { get; init; } = "";
}

/// <summary>A day of a summary.</summary>
public sealed record BillingBucket
{
    public DateTimeOffset StartTime { get; init; }
    public DateTimeOffset EndTime { get; init; }
    public Money TotalCost { get; init; } = new();
}

/// <summary>Body of <c>POST usageCosts:query</c>. Dimensions: HOUR or DAY, and MODEL, USER, API_KEY, DEPLOYMENT.</summary>
public sealed record QueryUsageCostsRequest
{
    public DateTimeOffset? StartTime { get; init; }
    public DateTimeOffset? EndTime { get; init; }
    public IReadOnlyList<string>? Dimensions { get; init; }
}

/// <summary>Answer of <c>POST usageCosts:query</c>.</summary>
public sealed record QueryUsageCostsResponse
{
    public IReadOnlyList<UsageCost> UsageCosts { get; init; } = [];
}

/// <summary>Answer of <c>GET serverlessTokenUsage</c>.</summary>
public sealed record ServerlessTokenUsage
{
    public IReadOnlyList<UsageCost> Usage { get; init; } = [];
}
