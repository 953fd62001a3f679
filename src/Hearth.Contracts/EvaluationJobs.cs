namespace Hearth.Contracts;

/// <summary>An evaluation of a dataset's rows.</summary>
public sealed record EvaluationJob
{
    public string Evaluator { get; init; } = "";
    public string InputDataset { get; init; } = "";
    public string OutputDataset { get; init; } = "";
    public AwsS3Config? AwsS3Config { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public string DisplayName { get; init; } = "";
    /// <summary>Means over the output's rows, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
    public string Name { get; init; } = "";
    public string OutputStats { get; init; } = "";
    public JobState State { get; init; }
    public Status? Status { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>Fields of an evaluation job that a caller may set.</summary>
public sealed record EvaluationJobParam
{
    public string? Evaluator { get; init; }
    public string? InputDataset { get; init; }
    public string? OutputDataset { get; init; }
    public AwsS3Config? AwsS3Config { get; init; }
    public string? DisplayName { get; init; }
    public string? OutputStats { get; init; }
}

/// <summary>Body of <c>POST evaluationJobs</c>.</summary>
public sealed record CreateEvaluationJobRequest
{
    public EvaluationJobParam? EvaluationJob { get; init; }
    public string? EvaluationJobId { get; init; }
    /// <summary>Accepted; there are no leaderboards.</summary>
    public IReadOnlyList<string>? LeaderboardIds { get; init; }
}

/// <summary>Where an evaluation job's log is.</summary>
public sealed record ExecutionLogEndpoint
{
    public string ContentType { get; init; } = "";
    public string ExecutionLogSignedUri { get; init; } = "";
    public DateTimeOffset? ExpireTime { get; init; }
}
