using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>One line of a replica's streamed answer: an event, or the error that ends the stream.</summary>
public sealed record GenerationLine
{
    public GenerationEvent? Event { get; init; }
    public ReplicaError? Error { get; init; }
}

/// <summary>Why a replica refused a request; <paramref name="Code"/> is a gRPC status name, <paramref name="Param"/> the request's field at fault.</summary>
public sealed record ReplicaError(string Code, string Message, string? Param = null);
