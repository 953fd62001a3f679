using System.Text.Json;

namespace Hearth.Contracts;

/// <summary>Error of the control plane, in gRPC-gateway's shape. <paramref name="Code"/> is the gRPC number.</summary>
public sealed record ControlPlaneError(int Code, string Message, IReadOnlyList<JsonElement> Details);

/// <summary>Error of the inference addresses.</summary>
public sealed record InferenceError(InferenceErrorBody Error, string RequestId);

/// <summary>What went wrong; <paramref name="Param"/> names the field, if one is at fault.</summary>
public sealed record InferenceErrorBody(string Message, string? Param, string Code, string Type);
