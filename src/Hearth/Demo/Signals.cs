using System.Runtime.InteropServices;

namespace Hearth;

/// <summary>Asks a process to end. .NET only kills.</summary>
internal static partial class Signals
{
    private const int Sigterm = 15; // signal(7)

    public static void Terminate(int processId) => Kill(processId, Sigterm);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
