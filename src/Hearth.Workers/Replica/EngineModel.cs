using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>A model and its adapters in the inference engine, with the tokenizer and chat template that belong to them.</summary>
internal sealed class EngineModel : IReplicaModel, IDisposable
{
    public static EngineModel Load(ReplicaSpec spec) =>
        throw new InvalidDataException($"The engine for {spec.ModelPath} is not part of this build.");

    public IReadOnlyList<string> AddonHashes => [];

    public IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken) =>
        throw new ReplicaRequestException("UNIMPLEMENTED", "There is no engine in this build.");

    public void Dispose()
    {
    }
}
