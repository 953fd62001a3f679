namespace Hearth.ControlPlane;

/// <summary>gRPC status codes with their numbers: the vocabulary of refusals, whatever dialect they are rendered in.</summary>
public enum ErrorCode
{
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>An error that a user may read: its message names the thing, the rule and the remedy, never a secret or a path.</summary>
public class HearthException(ErrorCode code, string message) : Exception(message)
{
    public ErrorCode Code { get; } = code;

    /// <summary>Faults of single fields or lines, in order; empty where the message says it all.</summary>
    public IReadOnlyList<FieldFault> Faults { get; init; } = [];

    /// <summary>A name of our own for clients to act upon, such as <c>DEPLOYMENT_SCALING_UP</c>; null: the code's name.</summary>
    public string? Reason { get; init; }

    /// <summary>The request's field at fault, for dialects that name it.</summary>
    public string? Param { get; init; }

    /// <summary>When asking again may succeed; null: the code's default, if it has one.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static HearthException NotFound(string name) => new(ErrorCode.NotFound, $"{name} not found");

    public static HearthException Invalid(string message) => new(ErrorCode.InvalidArgument, message);

    public static HearthException Precondition(string message) => new(ErrorCode.FailedPrecondition, message);

    public static HearthException Unimplemented(string feature) =>
        new(ErrorCode.Unimplemented, $"{feature} is not implemented by this server. Leave it out, or use a later version.");
}

/// <summary>A fault of one field or line.</summary>
public sealed record FieldFault(string Field, string Description);
