namespace Hearth.Workers;

/// <summary>How a worker ended, and the last lines of its log.</summary>
/// <param name="Code">Exit code; 128 + n where signal n ended the process, as shells and .NET report it.</param>
public sealed record WorkerExit(int Code, IReadOnlyList<string> LogTail)
{
    /// <summary>Exit code of a worker whose node's lease was not renewed in time (rule R5): it has not failed, it stopped writing.</summary>
    public const int LeaseLost = 75;

    private static readonly Dictionary<int, string> Signals = new()
    {
        [4] = "SIGILL: an instruction that this processor does not have",
        [6] = "SIGABRT: the runtime gave up",
        [7] = "SIGBUS: a mapped model file was changed or truncated",
        [9] = "SIGKILL: killed from outside or, where memory ran out, by the kernel",
        [11] = "SIGSEGV: invalid memory access",
        [15] = "SIGTERM: asked to end from outside",
    };

    /// <summary>A clause that completes "the process …".</summary>
    public string Description => Code switch
    {
        0 => "ended without a result",
        LeaseLost => "ended because the lease of its node was not renewed",
        > 128 and < 193 when Signals.TryGetValue(Code - 128, out var name) => $"was ended by signal {Code - 128} ({name})",
        > 128 and < 193 => $"was ended by signal {Code - 128}",
        _ => $"ended with exit code {Code}",
    };

    /// <summary>A reason for users: what ended, how, and the end of its log.</summary>
    public string Reason(string what)
    {
        var sentence = $"{what} {Description}.";
        return LogTail.Count == 0
            ? $"{sentence} It wrote nothing to its log."
            : $"{sentence} Last lines of its log:\n{string.Join('\n', LogTail)}";
    }
}
