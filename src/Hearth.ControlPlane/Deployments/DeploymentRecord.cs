namespace Hearth.ControlPlane;

/// <summary>A deployment: a base model, or an adapter merged for serving, on its replicas.</summary>
public sealed record DeploymentRecord
{
    public string CreatedBy { get; init; } = "";
    public required DeploymentSpec Spec { get; init; }
    /// <summary>0 while parked or scaled to zero.</summary>
    public int DesiredReplicas { get; init; }
    /// <summary>Those that are assigned: as many of the desired ones as the machine holds.</summary>
    public IReadOnlyList<DeploymentReplica> Replicas { get; init; } = [];
    public IReadOnlyList<DeploymentAddon> Addons { get; init; } = [];
    /// <summary>Exits since a replica was last ready.</summary>
    public int FailedStarts { get; init; }
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
    public DateTimeOffset? DeleteTime { get; init; }
    public DateTimeOffset? PurgeTime { get; init; }

    public DeploymentReplica? Replica(int number) => Replicas.FirstOrDefault(replica => replica.Number == number);

    public DeploymentRecord With(DeploymentReplica replica) =>
        this with { Replicas = [.. Replicas.Select(one => one.Number == replica.Number ? replica : one)] };
}

/// <summary>A replica that is assigned.</summary>
/// <param name="Epoch">Fencing number of the one that may report; rises with each change of what it must hold.</param>
public sealed record DeploymentReplica(int Number, long Epoch)
{
    /// <summary>Epoch of the one that serves; an older one serves on until the newer is ready. 0: none serves.</summary>
    public long ServingEpoch { get; init; }
    /// <summary>Since when that one serves.</summary>
    public DateTimeOffset ReadyTime { get; init; }
    /// <summary>Whole minutes of that one that are metered.</summary>
    public long MeteredMinutes { get; init; }
}

/// <summary>What a deployment was asked to be.</summary>
public sealed record DeploymentSpec
{
    public required string BaseModel { get; init; }
    public bool EnableAddons { get; init; }
    /// <summary>Holds one adapter at a time, which then is what the deployment serves.</summary>
    public bool HotReloadAddon { get; init; }
    /// <summary>Requests with one affinity key go to one replica.</summary>
    public bool SessionAffinity { get; init; }
    public int? MaxContextLength { get; init; }
    /// <summary>Most tokens at a time that are guessed from repetitions; 0: none.</summary>
    public int NgramSpeculationLength { get; init; }
    public int MinReplicaCount { get; init; }
    public int MaxReplicaCount { get; init; } = 1;
    /// <summary>For how many accelerators each replica-second counts.</summary>
    public int AcceleratorCount { get; init; } = 1;
    public TimeSpan ScaleUpWindow { get; init; } = TimeSpan.FromSeconds(30);
    public TimeSpan ScaleDownWindow { get; init; } = TimeSpan.FromMinutes(10);
    public TimeSpan ScaleToZeroWindow { get; init; } = TimeSpan.FromHours(1);
    public IReadOnlyDictionary<string, double> LoadTargets { get; init; } = new Dictionary<string, double> { ["default"] = 0.8 };
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
}

/// <summary>An adapter that the replicas must hold. <paramref name="Record"/> names its deployed model; empty for a live merge.</summary>
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
    /// <summary>It could not be loaded; the status says why.</summary>
    public const string Undeploying = "UNDEPLOYING";

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
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";
}
