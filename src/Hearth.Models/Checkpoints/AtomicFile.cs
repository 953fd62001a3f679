using System.Runtime.InteropServices;

namespace Hearth.Models;

/// <summary>Files that are either whole or absent: written under a temporary name, flushed to the disk, renamed.</summary>
public static partial class AtomicFile
{
    /// <summary>Writes a file, replacing one of that name at once.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Environment.ProcessId}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        FlushFolder(folder);
    }

    /// <summary>Makes a rename durable: the new name is an entry of the folder, which has a cache of its own.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return; // NTFS journals renames; a folder cannot be flushed there
        var descriptor = Open(folder, 0);
        if (descriptor < 0) throw new IOException($"Folder '{Path.GetFileName(folder)}' cannot be opened to flush it (error {Marshal.GetLastPInvokeError()}).");
        _ = Fsync(descriptor); // some file systems refuse this on folders; the rename itself has happened
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
