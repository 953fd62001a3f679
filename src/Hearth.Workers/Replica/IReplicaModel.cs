using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>What a replica serves: a loaded model with its adapters.</summary>
public interface IReplicaModel
{
    /// <summary>Hashes of the adapters held.</summary>
    IReadOnlyList<string> AddonHashes { get; }

    /// <summary>Serves these adapters from now on, while requests run.</summary>
    /// <exception cref="InvalidDataException">One of them cannot be loaded; nothing has changed.</exception>
    Task SetAddonsAsync(IReadOnlyList<AddonSpec> wanted, CancellationToken cancellationToken);

    /// <summary>Streams a generation; cancelling frees its place in the batch.</summary>
    /// <exception cref="ReplicaRequestException">The request cannot be served as it is.</exception>
    IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, CancellationToken cancellationToken);
}
