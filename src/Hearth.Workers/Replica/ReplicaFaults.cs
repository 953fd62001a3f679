using Hearth.ControlPlane;
using Hearth.Inference;

namespace Hearth.Workers;

/// <summary>The engine's refusals as callers see them.</summary>
internal static class ReplicaFaults
{
    public static ReplicaRequestException Of(GenerationException fault) => new(CodeOf(fault.Fault), fault.Message);

    private static string CodeOf(GenerationFault fault) => fault switch
    {
        GenerationFault.InvalidArgument or GenerationFault.ContextLengthExceeded => "INVALID_ARGUMENT",
        GenerationFault.Overloaded => "RESOURCE_EXHAUSTED",
        GenerationFault.WaitedTooLong or GenerationFault.EngineStopped => "UNAVAILABLE",
        _ => "INTERNAL",
    };
}
