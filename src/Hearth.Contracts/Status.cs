namespace Hearth.Contracts;

/// <summary>Why a resource is in its state.</summary>
public sealed record Status
{
    public StatusCode Code { get; init; }
    public string Message { get; init; } = "";
}

/// <summary>gRPC status names. Members are spelled as on the wire.</summary>
public enum StatusCode
{
    OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, UNAUTHENTICATED,
    RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS
}

/// <summary>A message without fields: <c>{}</c>.</summary>
public sealed record EmptyMessage;
