using System.Security.Cryptography;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Copies files durably and counts them.</summary>
internal sealed class FileCopies
{
    public int Files { get; private set; }
    public long Bytes { get; private set; }

    /// <exception cref="FileNotFoundException">The source is gone.</exception>
    public void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to, overwrite: true);
        using var file = new FileStream(to, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
        (Files, Bytes) = (Files + 1, Bytes + file.Length);
    }

    /// <summary>Copies a folder with what is below it; files that vanish meanwhile are left out.</summary>
    public void CopyTree(string from, string to)
    {
        if (!Directory.Exists(from)) return;
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            try
            {
                Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
            }
            catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException)
            {
                // Its row is gone too, or the worker had it for a moment only.
            }
        }
    }

    public static string Hash(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    public static void SyncFolders(string root)
    {
        foreach (var folder in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories).Append(root)) Durability.SyncFolder(folder);
    }

    public static bool IsEmpty(string folder) => !Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any();
}
