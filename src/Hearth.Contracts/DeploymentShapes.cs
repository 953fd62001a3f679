namespace Hearth.Contracts;

/// <summary>A preset of deployment settings for one base model.</summary>
public sealed record DeploymentShape
{
    public string BaseModel { get; init; } = "";
    public int AcceleratorCount { get; init; }
    public AcceleratorType AcceleratorType { get; init; }
    public DateTimeOffset? CreateTime { get; init; }
    public string Description { get; init; } = "";
    public bool DisableDeploymentSizeValidation { get; init; }
    public string DisplayName { get; init; } = "";
    public string DraftModel { get; init; } = "";
    public int DraftTokenCount { get; init; }
    public bool EnableAddons { get; init; }
    public bool EnableSessionAffinity { get; init; }
    public int MaxContextLength { get; init; }
    public string ModelType { get; init; } = "";
    public string Name { get; init; } = "";
    public int NgramSpeculationLength { get; init; }
    public int NumLoraDeviceCached { get; init; }
    public long ParameterCount { get; init; }
    public Precision Precision { get; init; }
    public PresetType PresetType { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>A shape as it was at one time.</summary>
public sealed record DeploymentShapeVersion
{
    public DateTimeOffset? CreateTime { get; init; }
    public bool LatestValidated { get; init; }
    public string Name { get; init; } = "";
    public bool Public { get; init; }
    public DeploymentShape? Snapshot { get; init; }
    public bool Validated { get; init; }
}

/// <summary>Body of <c>POST deploymentShapeVersions:match</c>: the deployment that one is about to create.</summary>
public sealed record MatchDeploymentShapesRequest
{
    public MatchDeploymentRequest? CreateDeploymentRequest { get; init; }
}

/// <summary>A deployment about to be created. <see cref="Parent"/> is the caller's account.</summary>
public sealed record MatchDeploymentRequest
{
    public string? Parent { get; init; }
    public MatchDeployment? Deployment { get; init; }
}

/// <summary>What of a deployment decides which shapes fit.</summary>
public sealed record MatchDeployment
{
    public string? BaseModel { get; init; }
    public bool? EnableAddons { get; init; }
}

/// <summary>The shapes that fit.</summary>
public sealed record MatchDeploymentShapesResponse
{
    public IReadOnlyList<DeploymentShapeVersion> DeploymentShapeVersions { get; init; } = [];
    public string NextPageToken { get; init; } = "";
    public int TotalSize { get; init; }
}

/// <summary>What a shape is good for. Members are spelled as on the wire.</summary>
public enum PresetType
{
    PRESET_TYPE_UNSPECIFIED,
    MINIMAL,
    FAST,
    THROUGHPUT,
    FULL_PRECISION,
    AGENTIC_CODING,
    CHAT,
    SUMMARIZATION
}
