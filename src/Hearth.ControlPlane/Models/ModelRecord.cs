namespace Hearth.ControlPlane;

/// <summary>A model: base weights at a path of the operator's, or an adapter in the model store.</summary>
public sealed record ModelRecord
{
    public const string Uploading = "UPLOADING";
    public const string Ready = "READY";
    public const string BaseKind = "HF_BASE_MODEL";
    public const string AddonKind = "HF_PEFT_ADDON";

    /// <summary>The file of an adapter that holds its matrices.</summary>
    public const string AdapterWeights = "adapter_model.safetensors";

    public string CreatedBy { get; init; } = "";
    public string Kind { get; init; } = "KIND_UNSPECIFIED";
    public bool Public { get; init; }
    /// <summary>What the caller set, as JSON of the contract, echoed unchanged.</summary>
    public string Echo { get; init; } = "{}";
    /// <summary>Folder or GGUF file of a base model, folder of an adapter. Never shown.</summary>
    public string Path { get; init; } = "";
    /// <summary>Facts of a base model; null for an adapter.</summary>
    public ModelFacts? Facts { get; init; }
    /// <summary>Facts of an adapter; null for a base model.</summary>
    public AdapterFacts? Adapter { get; init; }
    public string FineTuningJob { get; init; } = "";
    /// <summary>Name in the model store of an uploaded base model; empty for one at a path of the operator's.</summary>
    public string Folder { get; init; } = "";
    /// <summary>The base model that an adapter to be uploaded is for, as its owner wrote it.</summary>
    public string ClaimedBase { get; init; } = "";
    public int? ClaimedRank { get; init; }
    /// <summary>Other names of a base model, by which adapters may know it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];
    /// <summary>How its chats become prompts where its files do not decide; null: as they say.</summary>
    public ChatSettings? Chat { get; init; }
    /// <summary>What its validation had to say although it is fit.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
    public ErrorCode StatusCode { get; init; }
    public string StatusMessage { get; init; } = "";

    /// <summary>Name in the model store; empty for a model that lies elsewhere or has no files yet.</summary>
    public string StoredFolder => Adapter?.Folder ?? Folder;

    public bool IsAddon => Kind == AddonKind;
}

/// <summary>Facts of an adapter. <paramref name="Hash"/> is the SHA-256 of its weights, <paramref name="Folder"/> its name in the model store.</summary>
public sealed record AdapterFacts(string BaseModel, int Rank, IReadOnlyList<string> TargetModules, string BaseModelType, string Hash, string Folder);
