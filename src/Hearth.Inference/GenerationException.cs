namespace Hearth.Inference;

/// <summary>What is wrong with a request, or went wrong with it.</summary>
public enum GenerationFault
{
    /// <summary>A value is out of range.</summary>
    InvalidArgument,
    /// <summary>The prompt, or prompt and completion, do not fit the context.</summary>
    ContextLengthExceeded,
    /// <summary>Too many requests wait. Others may succeed, and this one later.</summary>
    Overloaded,
    /// <summary>The request waited for too long and was not begun.</summary>
    WaitedTooLong,
    /// <summary>The model gave a value that is not a number.</summary>
    NotFinite,
    /// <summary>The forward pass failed.</summary>
    StepFailed,
    /// <summary>The engine was stopped.</summary>
    EngineStopped,
}

/// <summary>The engine refuses a request or could not finish it. Other requests are not affected.</summary>
public sealed class GenerationException(GenerationFault fault, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>The kind of fault.</summary>
    public GenerationFault Fault { get; } = fault;
}
