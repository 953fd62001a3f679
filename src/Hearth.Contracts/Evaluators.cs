namespace Hearth.Contracts;

/// <summary>An evaluator: code that scores a model's answers.</summary>
public sealed record Evaluator
{
    public string CommitHash { get; init; } = "";
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public IReadOnlyList<EvaluatorCriterion> Criteria { get; init; } = [];
    public string DefaultDataset { get; init; } = "";
    public string Description { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string EntryPoint { get; init; } = "";
    public string Name { get; init; } = "";
    public string Requirements { get; init; } = "";
    public EvaluatorSource? Source { get; init; }
    public EvaluatorState State { get; init; }
    public Status? Status { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>Fields of an evaluator that a caller may set.</summary>
public sealed record EvaluatorParam
{
    public string? CommitHash { get; init; }
    public IReadOnlyList<EvaluatorCriterion>? Criteria { get; init; }
    public string? DefaultDataset { get; init; }
    public string? Description { get; init; }
    public string? DisplayName { get; init; }
    /// <summary><c>path/test_file.py::test_function</c>, relative to the project's root.</summary>
    public string? EntryPoint { get; init; }
    /// <summary>Lines of pip.</summary>
    public string? Requirements { get; init; }
    public EvaluatorSource? Source { get; init; }
    /// <summary>Of the older form: accepted and kept.</summary>
    public bool? MultiMetrics { get; init; }
    /// <summary>Of the older form: accepted and kept.</summary>
    public RollupSettings? RollupSettings { get; init; }
}

/// <summary>Body of <c>POST evaluatorsV2</c> and of the older <c>POST evaluators</c>.</summary>
public sealed record CreateEvaluatorRequest
{
    public EvaluatorParam? Evaluator { get; init; }
    public string? EvaluatorId { get; init; }
}

/// <summary>One criterion: code given as text.</summary>
public sealed record EvaluatorCriterion
{
    public CodeSnippets? CodeSnippets { get; init; }
    public string? Description { get; init; }
    public string? Name { get; init; }
    public CriterionType? Type { get; init; }
}

/// <summary>Files as text, and where they begin.</summary>
public sealed record CodeSnippets
{
    public string? EntryFile { get; init; }
    public string? EntryFunc { get; init; }
    public IReadOnlyDictionary<string, string>? FileContents { get; init; }
    public string? Language { get; init; }
}

/// <summary>Where the code comes from.</summary>
public sealed record EvaluatorSource
{
    public string? GithubRepositoryName { get; init; }
    public EvaluatorSourceType? Type { get; init; }
}

/// <summary>How several metrics become one: of the older form.</summary>
public sealed record RollupSettings
{
    public bool? SkipRollup { get; init; }
}

/// <summary>Kind of a criterion. Members are spelled as on the wire.</summary>
public enum CriterionType { TYPE_UNSPECIFIED, CODE_SNIPPETS }

/// <summary>Kind of a source. Members are spelled as on the wire.</summary>
public enum EvaluatorSourceType { TYPE_UNSPECIFIED, TYPE_UPLOAD, TYPE_GITHUB, TYPE_TEMPORARY }

/// <summary>State of an evaluator. Members are spelled as on the wire.</summary>
public enum EvaluatorState { STATE_UNSPECIFIED, ACTIVE, BUILDING, BUILD_FAILED }

/// <summary>Where an evaluator's build log is.</summary>
public sealed record BuildLogEndpoint
{
    public string BuildLogSignedUri { get; init; } = "";
}
