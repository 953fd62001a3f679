using System.Diagnostics;
using System.Globalization;

namespace Hearth.ControlPlane;

/// <summary>
/// Places where a crash must do no harm, by name. With <c>HEARTH_CRASH_AT=NAME:COUNT</c> the process kills itself (SIGKILL: nothing is flushed, nothing is
/// caught) the COUNT-th time it comes there; without it, a call costs a comparison. Tests use it against the real program.
/// </summary>
public static class CrashPoint
{
    public const string Variable = "HEARTH_CRASH_AT";

    /// <summary>A transaction is written, not yet committed.</summary>
    public const string BeforeCommit = "before-commit";
    /// <summary>A transaction is durable, nobody has been told.</summary>
    public const string AfterCommit = "after-commit";
    /// <summary>Bytes lie under their final name, no row names them yet.</summary>
    public const string BetweenRenameAndRow = "between-rename-and-row";
    /// <summary>Part of a body is written.</summary>
    public const string MidUpload = "mid-upload";
    /// <summary>An outbox entry is delivered, its row is still there.</summary>
    public const string MidOutbox = "mid-outbox";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [BeforeCommit, AfterCommit, BetweenRenameAndRow, MidUpload, MidOutbox];

    private static readonly (string Name, int Count)? Armed = TryParse(Environment.GetEnvironmentVariable(Variable));
    private static int _reached;

    public static void Reach(string name)
    {
        if (Armed is { } armed && armed.Name == name && Interlocked.Increment(ref _reached) == armed.Count) Die(name);
    }

    private static void Die(string name)
    {
        Console.Error.WriteLine($"crash point {name}");
        Process.GetCurrentProcess().Kill();
        Thread.Sleep(Timeout.Infinite); // the signal is on its way: nothing more may happen
    }

    /// <summary>Checks the variable's text, so that a mistyped one does not pass for a run without crashes.</summary>
    /// <exception cref="InvalidOperationException">It is neither empty nor NAME:COUNT.</exception>
    public static void RequireValid(string? text)
    {
        if (!string.IsNullOrEmpty(text) && TryParse(text) is null)
            throw new InvalidOperationException($"{Variable}={text}: expected NAME:COUNT with NAME one of {string.Join(", ", Names)} and COUNT 1 or more.");
    }

    private static (string, int)? TryParse(string? text) =>
        text?.Split(':') is [var name, var count] && Names.Contains(name) && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? (name, number)
            : null;
}
