namespace Hearth.ControlPlane;

/// <summary>Which errors say that a disk is full.</summary>
public static class DiskSpace
{
    private const int NoSpaceLeft = 28, QuotaExceeded = 122; // ENOSPC and EDQUOT, as .NET hands them on in the result
    private const int HandleDiskFull = 0x27, WindowsDiskFull = 0x70;

    public static bool IsFull(IOException error) =>
        OperatingSystem.IsWindows() ? (error.HResult & 0xffff) is HandleDiskFull or WindowsDiskFull : (error.HResult & 0xffff) is NoSpaceLeft or QuotaExceeded;
}
