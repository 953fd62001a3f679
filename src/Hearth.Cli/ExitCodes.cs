namespace Hearth.Cli;

/// <summary>Exit codes of every verb; scripts may rely on them.</summary>
public static class ExitCodes
{
    /// <summary>What was asked for is done.</summary>
    public const int Success = 0;
    /// <summary>What was asked for failed: a job failed, a file has errors, the server refused.</summary>
    public const int Failure = 1;
    /// <summary>The command line is wrong; nothing was done.</summary>
    public const int Usage = 2;
    /// <summary>A server did not start, or does not answer.</summary>
    public const int Unavailable = 3;
    /// <summary>Interrupted from the keyboard, as shells report it.</summary>
    public const int Interrupted = 130;

    /// <summary>One line for <c>--help</c>.</summary>
    public const string Summary = "0 done, 1 failed, 2 wrong command line, 3 no server, 130 interrupted";
}
