namespace Hearth.ControlPlane;

/// <summary>Reads what a model's own files say about it. Implemented by Hearth.Workers; nothing about a base model is typed in.</summary>
public interface IModelProbe
{
    /// <exception cref="HearthException">The path holds no model that this server can run; the message names the missing or unfit file.</exception>
    ValueTask<ModelFacts> ProbeAsync(string path, CancellationToken cancellationToken);
}

/// <summary>Facts about a base model.</summary>
public sealed record ModelFacts
{
    /// <summary>Positions that the model was made for.</summary>
    public required int ContextLength { get; init; }
    public required long ParameterCount { get; init; }
    /// <summary>As the configuration names it: <c>llama</c>, <c>qwen3</c>.</summary>
    public required string ModelType { get; init; }
    /// <summary>The model is a mixture of experts.</summary>
    public bool Moe { get; init; }
    public required bool HasChatTemplate { get; init; }
    /// <summary>LoRA jobs can train above it.</summary>
    public bool Tunable { get; init; } = true;
    public bool SupportsTools { get; init; }
    /// <summary>The publisher's advice for sampling, by the parameters' names on the wire; what a request leaves open follows it.</summary>
    public IReadOnlyDictionary<string, double> Sampling { get; init; } = new Dictionary<string, double>();
    /// <summary>Wire name of the weights' type: <c>BF16</c>, <c>FP16</c>; empty where the contract has no name for it.</summary>
    public string Precision { get; init; } = "";
}
