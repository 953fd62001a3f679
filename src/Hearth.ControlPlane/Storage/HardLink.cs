using System.Runtime.InteropServices;

namespace Hearth.ControlPlane;

/// <summary>A second name for a file's bytes, so that a model of many gigabytes is not copied to be called a folder.</summary>
internal static class HardLink
{
    /// <summary>False where the system or the disk cannot: the caller copies.</summary>
    public static bool TryCreate(string existing, string link) => !OperatingSystem.IsWindows() && HardLinkNative(existing, link) == 0;

#pragma warning disable CA2101, SYSLIB1054 // one plain call; the name is libc's
    [DllImport("libc", EntryPoint = "link")]
    private static extern int HardLinkNative([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string link);
#pragma warning restore CA2101, SYSLIB1054
}
