namespace Hearth.Models;

/// <summary>Folders that are either whole or absent: filled under a temporary name, then renamed.</summary>
public static class AtomicFolder
{
    /// <summary>Fills a new folder and gives it its name; one of that name is moved away first and deleted last.</summary>
    public static void Write(string folder, Action<string> fill)
    {
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var parent = Path.GetDirectoryName(target)!;
        Directory.CreateDirectory(parent);
        var temporary = Path.Combine(parent, $".{Path.GetFileName(target)}.{Environment.ProcessId}.tmp");
        var old = temporary + ".old";
        Delete(temporary);
        Delete(old);
        Directory.CreateDirectory(temporary);
        try
        {
            fill(temporary);
            AtomicFile.FlushFolder(temporary);
            if (Directory.Exists(target)) Directory.Move(target, old);
            Directory.Move(temporary, target);
        }
        catch
        {
            Delete(temporary);
            throw;
        }
        AtomicFile.FlushFolder(parent);
        Delete(old);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
