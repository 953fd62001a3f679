namespace Hearth.Contracts;

/// <summary>A served model.</summary>
public sealed record Deployment
{
    public string BaseModel { get; init; } = "";
    public int AcceleratorCount { get; init; }
    public AcceleratorType AcceleratorType { get; init; }
    public string ActiveModelVersion { get; init; } = "";
    public AutoscalingPolicy? AutoscalingPolicy { get; init; }
    public AutoTune? AutoTune { get; init; }
    public string Cluster { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public DateTimeOffset? DeleteTime { get; init; }
    public string DeploymentShape { get; init; } = "";
    public string DeploymentTemplate { get; init; } = "";
    public string Description { get; init; } = "";
    public int DesiredReplicaCount { get; init; }
    public IReadOnlyList<string> DirectRouteApiKeys { get; init; } = [];
    public string DirectRouteHandle { get; init; } = "";
    public DirectRouteType DirectRouteType { get; init; }
    public bool DisableDeploymentSizeValidation { get; init; }
    public string DisplayName { get; init; } = "";
    public string DraftModel { get; init; } = "";
    public int DraftTokenCount { get; init; }
    public bool EnableAddons { get; init; }
    public bool EnableHotLoad { get; init; }
    public bool EnableHotReloadLatestAddon { get; init; }
    public bool EnableMtp { get; init; }
    public bool EnableSessionAffinity { get; init; }
    public DateTimeOffset? ExpireTime { get; init; }
    public BucketType HotLoadBucketType { get; init; }
    public string HotLoadBucketUrl { get; init; } = "";
    public int MaxContextLength { get; init; }
    public int MaxReplicaCount { get; init; }
    public int MaxWithRevocableReplicaCount { get; init; }
    public int MinReplicaCount { get; init; }
    public string Name { get; init; } = "";
    public int NgramSpeculationLength { get; init; }
    public int NumPeftDeviceCached { get; init; }
    public Placement? Placement { get; init; }
    public Precision Precision { get; init; }
    public string PricingPlanId { get; init; } = "";
    public DateTimeOffset? PurgeTime { get; init; }
    public Region Region { get; init; }
    public int ReplicaCount { get; init; }
    public ReplicaStats? ReplicaStats { get; init; }
    public DeploymentState State { get; init; }
    public Status? Status { get; init; }
    public string TargetModelVersion { get; init; } = "";
    public DateTimeOffset? UpdateTime { get; init; }
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();
    public bool Preemptible { get; init; }
    public HearthPlacement? HearthPlacement { get; init; }
}

/// <summary>What a deployment really runs on, whatever hardware was asked for.</summary>
public sealed record HearthPlacement
{
    public string Node { get; init; } = "";
    /// <summary><c>cpu</c></summary>
    public string Device { get; init; } = "";
    /// <summary>Replicas that are assigned.</summary>
    public int Replicas { get; init; }
    /// <summary>Replicas of one deployment that the machine holds.</summary>
    public int MaxReplicas { get; init; }
    /// <summary>What differs from what was asked for; empty where nothing does.</summary>
    public string Note { get; init; } = "";
}

/// <summary>What a caller may set on a deployment.</summary>
public sealed record DeploymentParam
{
    public string? BaseModel { get; init; }
    public int? AcceleratorCount { get; init; }
    public AcceleratorType? AcceleratorType { get; init; }
    public string? ActiveModelVersion { get; init; }
    public AutoscalingPolicy? AutoscalingPolicy { get; init; }
    public AutoTune? AutoTune { get; init; }
    public string? DeploymentShape { get; init; }
    public string? DeploymentTemplate { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string>? DirectRouteApiKeys { get; init; }
    public DirectRouteType? DirectRouteType { get; init; }
    public bool? DisableDeploymentSizeValidation { get; init; }
    public string? DisplayName { get; init; }
    public string? DraftModel { get; init; }
    public int? DraftTokenCount { get; init; }
    public bool? EnableAddons { get; init; }
    public bool? EnableHotLoad { get; init; }
    public bool? EnableHotReloadLatestAddon { get; init; }
    public bool? EnableMtp { get; init; }
    public bool? EnableSessionAffinity { get; init; }
    public DateTimeOffset? ExpireTime { get; init; }
    public BucketType? HotLoadBucketType { get; init; }
    public string? HotLoadBucketUrl { get; init; }
    public int? MaxContextLength { get; init; }
    public int? MaxReplicaCount { get; init; }
    public int? MaxWithRevocableReplicaCount { get; init; }
    public int? MinReplicaCount { get; init; }
    public int? NgramSpeculationLength { get; init; }
    public Placement? Placement { get; init; }
    public Precision? Precision { get; init; }
    public string? PricingPlanId { get; init; }
    public string? TargetModelVersion { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
    /// <summary>It may end at any time; cannot change.</summary>
    public bool? Preemptible { get; init; }
}

/// <summary>Body of <c>PATCH deployments/{deployment}:scale</c>.</summary>
public sealed record ScaleDeploymentRequest
{
    public int? ReplicaCount { get; init; }
}

/// <summary>When replicas are added and removed. Windows are spelled <c>600s</c>.</summary>
public sealed record AutoscalingPolicy
{
    public IReadOnlyDictionary<string, double>? LoadTargets { get; init; }
    public string? ScaleDownWindow { get; init; }
    public string? ScaleToZeroWindow { get; init; }
    public string? ScaleUpWindow { get; init; }
}

/// <summary>Hints for tuning the server.</summary>
public sealed record AutoTune
{
    public bool LongPrompt { get; init; }
}

/// <summary>Where replicas may run.</summary>
public sealed record Placement
{
    public MultiRegion MultiRegion { get; init; }
    public Region Region { get; init; }
    public IReadOnlyList<Region> Regions { get; init; } = [];
}

/// <summary>Replicas by what they are doing.</summary>
public sealed record ReplicaStats
{
    public int DownloadingModelReplicaCount { get; init; }
    public int InitializingReplicaCount { get; init; }
    public int PendingSchedulingReplicaCount { get; init; }
    public int ReadyReplicaCount { get; init; }
}

/// <summary>State of a deployment. Members are spelled as on the wire.</summary>
public enum DeploymentState
{
    STATE_UNSPECIFIED,
    CREATING,
    READY,
    DELETING,
    FAILED,
    UPDATING,
    DELETED
}

/// <summary>Accelerators of the contract; accepted and echoed, mapped to what the machine has. Members are spelled as on the wire.</summary>
public enum AcceleratorType
{
    ACCELERATOR_TYPE_UNSPECIFIED,
    NVIDIA_A100_80GB,
    NVIDIA_H100_80GB,
    AMD_MI300X_192GB,
    NVIDIA_A10G_24GB,
    NVIDIA_A100_40GB,
    NVIDIA_L4_24GB,
    NVIDIA_H200_141GB,
    NVIDIA_B200_180GB,
    AMD_MI325X_256GB,
    AMD_MI350X_288GB
}

/// <summary>Regions of the contract; accepted and echoed, all served by this machine. Members are spelled as on the wire.</summary>
public enum Region
{
    REGION_UNSPECIFIED, US_IOWA_1, US_VIRGINIA_1, US_VIRGINIA_2, US_ILLINOIS_1, AP_TOKYO_1, EU_LONDON_1, US_ARIZONA_1,
    US_TEXAS_1, US_ILLINOIS_2, EU_FRANKFURT_1, US_TEXAS_2, EU_PARIS_1, EU_HELSINKI_1, US_NEVADA_1, EU_ICELAND_1, EU_ICELAND_2,
    US_WASHINGTON_1, US_WASHINGTON_2, EU_ICELAND_DEV_1, US_WASHINGTON_3, US_ARIZONA_2, AP_TOKYO_2, US_CALIFORNIA_1,
    US_MISSOURI_1, US_UTAH_1, US_TEXAS_3, US_ARIZONA_3, US_GEORGIA_1, US_GEORGIA_2, US_WASHINGTON_4, US_GEORGIA_3,
    NA_BRITISHCOLUMBIA_1, US_GEORGIA_4, EU_ICELAND_3, US_OHIO_1, US_NEWYORK_1
}

/// <summary>Group of regions. Members are spelled as on the wire.</summary>
public enum MultiRegion
{
    MULTI_REGION_UNSPECIFIED,
    GLOBAL,
    US,
    EUROPE,
    APAC
}

/// <summary>Kind of private route to a deployment. Members are spelled as on the wire.</summary>
public enum DirectRouteType
{
    DIRECT_ROUTE_TYPE_UNSPECIFIED,
    INTERNET,
    GCP_PRIVATE_SERVICE_CONNECT,
    AWS_PRIVATELINK
}

/// <summary>Bucket that hot loads come from. Members are spelled as on the wire.</summary>
public enum BucketType
{
    BUCKET_TYPE_UNSPECIFIED,
    MINIO,
    S3,
    NEBIUS,
    FW_HOSTED
}
