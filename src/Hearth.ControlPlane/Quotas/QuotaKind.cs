namespace Hearth.ControlPlane;

/// <summary>A quota that every account has, with what it starts at and may be raised to. On a server of one's own they start wide open.</summary>
public sealed record QuotaKind(string Id, long Default, long Max)
{
    /// <summary>How the platform shows that there is no limit on the spend.</summary>
    private const long UnlimitedSpend = 9_999_999;

    public static QuotaKind MonthlySpend { get; } = new("monthly-spend-usd", UnlimitedSpend, UnlimitedSpend);
    /// <summary>Requests a minute to models on deployments of the catalogue's account.</summary>
    public static QuotaKind ServerlessRequests { get; } = new("serverless-inference-rpm", 6_000, 600_000);
    public static QuotaKind DeployedLoras { get; } = new("deployed-lora-count", 100, 100);
    /// <summary>Bytes of all datasets together.</summary>
    public static QuotaKind DatasetBytes { get; } = new("hearth-dataset-bytes", long.MaxValue, long.MaxValue);

    /// <summary>Accelerators of training jobs. Whatever kind a job names, it is the one machine that there is.</summary>
    private static IEnumerable<QuotaKind> Training => new[] { "h100", "h200", "b200", "b300" }.Select(type => new QuotaKind($"training-{type}-count", 1, 1));

    public static IReadOnlyList<QuotaKind> All { get; } = [MonthlySpend, ServerlessRequests, DeployedLoras, DatasetBytes, .. Training];

    public bool IsTraining => Id.StartsWith("training-", StringComparison.Ordinal);

    public static QuotaKind? Find(string id) => All.FirstOrDefault(kind => kind.Id == id);
}

/// <summary>A quota whose value was changed; one that was not has no row.</summary>
public sealed record QuotaRecord
{
    public long Value { get; init; }
}
