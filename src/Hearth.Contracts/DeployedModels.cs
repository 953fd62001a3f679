namespace Hearth.Contracts;

/// <summary>A model on a deployment: the base model itself, or an addon.</summary>
public sealed record DeployedModel
{
    public DateTimeOffset? CreateTime { get; init; }
    public bool Default { get; init; }
    public string Deployment { get; init; } = "";
    public string Description { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Model { get; init; } = "";
    public string Name { get; init; } = "";
    public bool Public { get; init; }
    public bool Serverless { get; init; }
    public DeployedModelState State { get; init; }
    public Status? Status { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
}

/// <summary>What a caller may set on a deployed model.</summary>
public sealed record DeployedModelParam
{
    public bool? Default { get; init; }
    public string? Deployment { get; init; }
    public string? Description { get; init; }
    public string? DisplayName { get; init; }
    public string? Model { get; init; }
    public bool? Public { get; init; }
    public bool? Serverless { get; init; }
}

/// <summary>State of a model on a deployment. Members are spelled as on the wire.</summary>
public enum DeployedModelState
{
    STATE_UNSPECIFIED,
    UNDEPLOYING,
    DEPLOYING,
    DEPLOYED,
    UPDATING
}
