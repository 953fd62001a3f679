namespace Hearth.Cli;

/// <summary>A failure to tell the user in one message, without a stack trace.</summary>
public sealed class CliException(string message, int exitCode = ExitCodes.Failure) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
