namespace Hearth.Contracts;

/// <summary>Answer to <c>GET /inference/v1/models</c>.</summary>
public sealed record InferenceModelList
{
    public string Object { get; init; } = "list";
    public IReadOnlyList<InferenceModel> Data { get; init; } = [];
}

/// <summary>A model that the key may ask.</summary>
public sealed record InferenceModel
{
    public string Id { get; init; } = "";
    public string Object { get; init; } = "model";
    public string OwnedBy { get; init; } = "";
    public long Created { get; init; }
    public string Kind { get; init; } = "";
    public bool SupportsChat { get; init; }
    public bool SupportsImageInput { get; init; }
    public bool SupportsTools { get; init; }
    public int ContextLength { get; init; }
}
