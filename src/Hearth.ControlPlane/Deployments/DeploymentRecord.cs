namespace Hearth.ControlPlane;

/// <summary>A deployment: a base model, or an adapter merged for serving, on one replica.</summary>
public sealed record DeploymentRecord
{
    public string CreatedBy { get; init; } = "";
    public required DeploymentSpec Spec { get; init; }
    /// <summary>Fencing number of the replica that may report; rises with each change of what it must hold.</summary>
    public long Epoch { get; init; }
    /// <summary>0 while parked or scaled to zero.</summary>
    public int DesiredReplicas { get; init; }
    public IReadOnlyList<DeploymentAddon> Addons { get; init; } = [];
    /// <summary>Exits since a replica was last ready.</summary>
    public int FailedStarts { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
    public DateTimeOffset? DeleteTime { get; init; }
    public DateTimeOffset? PurgeTime { get; init; }
}

/// <summary>What a deployment was asked to be.</summary>
public sealed record DeploymentSpec
{
    public required string BaseModel { get; init; }
    public bool EnableAddons { get; init; }
    public int? MaxContextLength { get; init; }
    public int MinReplicaCount { get; init; }
    public int MaxReplicaCount { get; init; } = 1;
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
}

/// <summary>An adapter that the replica must hold. <paramref name="Record"/> names its deployed model; empty for a live merge.</summary>
public sealed record DeploymentAddon(string Model, string Path, string Hash, string Record);

/// <summary>States of a deployment as the wire spells them.</summary>
public static class DeploymentStates
{
    public const string Creating = "CREATING";
    public const string Ready = "READY";
    public const string Updating = "UPDATING";
    public const string Failed = "FAILED";
    public const string Deleted = "DELETED";
}

/// <summary>A model on a deployment: the base model itself, or an addon.</summary>
public sealed record DeployedModelRecord
{
    public const string Deploying = "DEPLOYING";
    public const string Deployed = "DEPLOYED";

    public string CreatedBy { get; init; } = "";
    public required string Model { get; init; }
    public required string Deployment { get; init; }
    /// <summary>SHA-256 of the adapter; empty for the base model.</summary>
    public string Hash { get; init; } = "";
    /// <summary>Answers for the model when a request names no deployment.</summary>
    public bool Default { get; init; }
    public bool Public { get; init; }
    public bool Serverless { get; init; }
    public string DisplayName { get; init; } = "";
    public string Description { get; init; } = "";
}
