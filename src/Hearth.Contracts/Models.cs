using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Weights to serve or to tune.</summary>
public sealed record Model
{
    public BaseModelDetails? BaseModelDetails { get; init; }
    public bool Calibrated { get; init; }
    public string Cluster { get; init; } = "";
    public int ContextLength { get; init; }
    public ConversationConfig? ConversationConfig { get; init; }
    public DateTimeOffset? CreateTime { get; init; }
    public string DefaultDraftModel { get; init; } = "";
    public int DefaultDraftTokenCount { get; init; }
    public IReadOnlyDictionary<string, double> DefaultSamplingParams { get; init; } = new Dictionary<string, double>();
    public IReadOnlyList<DeployedModelRef> DeployedModelRefs { get; init; } = [];
    public Date? DeprecationDate { get; init; }
    public string Description { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string FineTuningJob { get; init; } = "";
    public string GithubUrl { get; init; } = "";
    public string HuggingFaceUrl { get; init; } = "";
    public string ImportedFrom { get; init; } = "";
    public ModelKind Kind { get; init; }
    public string Name { get; init; } = "";
    public PeftDetails? PeftDetails { get; init; }
    public bool Public { get; init; }
    public bool RlTunable { get; init; }
    public SnapshotType SnapshotType { get; init; }
    public UploadState State { get; init; }
    public Status? Status { get; init; }
    public IReadOnlyList<Precision> SupportedPrecisions { get; init; } = [];
    public IReadOnlyList<Precision> SupportedPrecisionsWithCalibration { get; init; } = [];
    public bool SupportsImageInput { get; init; }
    public bool SupportsLora { get; init; }
    public bool SupportsServerless { get; init; }
    public bool SupportsTools { get; init; }
    public EmptyMessage? TeftDetails { get; init; }
    public int TrainingContextLength { get; init; }
    public bool Tunable { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    public bool UseHfApplyChatTemplate { get; init; }
}

/// <summary>What a caller may set on a model.</summary>
public sealed record ModelParam
{
    public BaseModelDetailsParam? BaseModelDetails { get; init; }
    public int? ContextLength { get; init; }
    public ConversationConfig? ConversationConfig { get; init; }
    public string? DefaultDraftModel { get; init; }
    public int? DefaultDraftTokenCount { get; init; }
    public Date? DeprecationDate { get; init; }
    public string? Description { get; init; }
    public string? DisplayName { get; init; }
    public string? GithubUrl { get; init; }
    public string? HuggingFaceUrl { get; init; }
    public ModelKind? Kind { get; init; }
    public PeftDetailsParam? PeftDetails { get; init; }
    public bool? Public { get; init; }
    public SnapshotType? SnapshotType { get; init; }
    public bool? SupportsImageInput { get; init; }
    public bool? SupportsLora { get; init; }
    public bool? SupportsTools { get; init; }
    public EmptyMessage? TeftDetails { get; init; }
    public int? TrainingContextLength { get; init; }
    public bool? UseHfApplyChatTemplate { get; init; }
}

/// <summary>Body of <c>POST models</c>.</summary>
public sealed record CreateModelRequest
{
    public string? ModelId { get; init; }
    public ModelParam? Model { get; init; }
    public string? Cluster { get; init; }
}

/// <summary>Body of <c>models/{model}:getUploadEndpoint</c>.</summary>
public sealed record GetModelUploadEndpointRequest
{
    public IReadOnlyDictionary<string, long>? FilenameToSize { get; init; }
    public bool? EnableResumableUpload { get; init; }
    public string? ReadMask { get; init; }
}

/// <summary>Where to PUT each file of a model.</summary>
public sealed record ModelUploadUrls
{
    public IReadOnlyDictionary<string, string> FilenameToSignedUrls { get; init; } = new Dictionary<string, string>();
    /// <summary>Addresses in a bucket that the caller may write to directly: there are none here.</summary>
    public IReadOnlyDictionary<string, string> FilenameToUnsignedUris { get; init; } = new Dictionary<string, string>();
    /// <summary>What was asked for and is done otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? HearthWarnings { get; init; }
}

/// <summary>Answer to <c>models/{model}:validateUpload</c>.</summary>
public sealed record ModelValidateUploadResponse
{
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Body of <c>models/{model}:prepare</c>.</summary>
public sealed record PrepareModelRequest
{
    public Precision? Precision { get; init; }
    public string? ReadMask { get; init; }
}

/// <summary>Facts about a base model.</summary>
public sealed record BaseModelDetails
{
    public CheckpointFormat CheckpointFormat { get; init; }
    public Precision DefaultPrecision { get; init; }
    public string ModelType { get; init; } = "";
    public bool Moe { get; init; }
    public long ParameterCount { get; init; }
    public bool SupportsFireattention { get; init; }
    public bool SupportsMtp { get; init; }
    public bool Tunable { get; init; }
    public int WorldSize { get; init; }
}

/// <summary>What a caller may state about a base model.</summary>
public sealed record BaseModelDetailsParam
{
    public CheckpointFormat? CheckpointFormat { get; init; }
    public string? ModelType { get; init; }
    public bool? Moe { get; init; }
    public long? ParameterCount { get; init; }
    public bool? SupportsFireattention { get; init; }
    public bool? SupportsMtp { get; init; }
    public bool? Tunable { get; init; }
    public int? WorldSize { get; init; }
}

/// <summary>Facts about an adapter.</summary>
public sealed record PeftDetails
{
    public string BaseModel { get; init; } = "";
    public int R { get; init; }
    public IReadOnlyList<string> TargetModules { get; init; } = [];
    public string BaseModelType { get; init; } = "";
    public string MergeAddonModelName { get; init; } = "";
}

/// <summary>What a caller may state about an adapter.</summary>
public sealed record PeftDetailsParam
{
    public string? BaseModel { get; init; }
    public int? R { get; init; }
    public IReadOnlyList<string>? TargetModules { get; init; }
    public string? MergeAddonModelName { get; init; }
}

/// <summary>How chats become prompts.</summary>
public sealed record ConversationConfig
{
    public string Style { get; init; } = "";
    public string System { get; init; } = "";
    public string Template { get; init; } = "";
}

/// <summary>Where a model is deployed.</summary>
public sealed record DeployedModelRef
{
    public bool Default { get; init; }
    public string Deployment { get; init; } = "";
    public string Name { get; init; } = "";
    public bool Public { get; init; }
    public DeployedModelState State { get; init; }
}

/// <summary>A calendar day.</summary>
public sealed record Date
{
    public int Day { get; init; }
    public int Month { get; init; }
    public int Year { get; init; }
}

/// <summary>What a model is. Members are spelled as on the wire.</summary>
public enum ModelKind
{
    KIND_UNSPECIFIED,
    HF_BASE_MODEL,
    HF_PEFT_ADDON,
    HF_TEFT_ADDON,
    FLUMINA_BASE_MODEL,
    FLUMINA_ADDON,
    DRAFT_ADDON,
    FIRE_AGENT,
    LIVE_MERGE,
    CUSTOM_MODEL,
    EMBEDDING_MODEL,
    SNAPSHOT_MODEL
}

/// <summary>Kind of a model snapshot. Members are spelled as on the wire.</summary>
public enum SnapshotType
{
    FULL_SNAPSHOT,
    INCREMENTAL_SNAPSHOT
}

/// <summary>File format of a base model. Members are spelled as on the wire.</summary>
public enum CheckpointFormat
{
    CHECKPOINT_FORMAT_UNSPECIFIED,
    NATIVE,
    HUGGINGFACE,
    UNINITIALIZED
}

/// <summary>Weight precision. Members are spelled as on the wire.</summary>
public enum Precision
{
    PRECISION_UNSPECIFIED, FP16, FP8, FP8_MM, FP8_AR, FP8_MM_KV_ATTN, FP8_KV, FP8_MM_V2, FP8_V2, FP8_MM_KV_ATTN_V2, NF4, FP4,
    BF16, FP4_BLOCKSCALED_MM, FP4_MX_MOE
}

/// <summary>Body of <c>POST /hearth/v1/baseModels:import</c>: a model folder or GGUF file on the server's machine becomes a base model.</summary>
public sealed record ImportBaseModelRequest
{
    public string? ModelId { get; init; }
    public string? Path { get; init; }
    public string? DisplayName { get; init; }
}
