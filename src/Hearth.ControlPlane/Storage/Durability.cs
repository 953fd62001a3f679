using System.Runtime.InteropServices;

namespace Hearth.ControlPlane;

/// <summary>fsync of folders, which .NET cannot open: without it a rename may be lost at power failure.</summary>
public static class Durability
{
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC on Linux

    public static void SyncFolder(string path)
    {
        if (!OperatingSystem.IsLinux()) return; // macOS and Windows: the rename itself is journalled; nothing portable to call
        var handle = open(path, ReadOnlyCloseOnExec);
        if (handle < 0) throw new IOException($"Cannot open folder for syncing (errno {Marshal.GetLastPInvokeError()}).");
        try
        {
            if (fsync(handle) != 0) throw new IOException($"Cannot sync folder (errno {Marshal.GetLastPInvokeError()}).");
        }
        finally
        {
            _ = close(handle);
        }
    }

#pragma warning disable CA2101, SYSLIB1054, IDE1006 // three plain calls; the names are libc's
    [DllImport("libc", SetLastError = true)]
    private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int handle);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int handle);
#pragma warning restore CA2101, SYSLIB1054, IDE1006
}
