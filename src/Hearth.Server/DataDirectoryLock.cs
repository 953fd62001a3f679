namespace Hearth.Server;

/// <summary>One server a data directory (rule R12): an advisory lock that ends with the process, and the holder's pid beside it.</summary>
internal sealed class DataDirectoryLock : IDisposable
{
    private readonly FileStream _lock;

    private DataDirectoryLock(FileStream file) => _lock = file;

    /// <exception cref="InvalidOperationException">Another server holds the directory.</exception>
    public static DataDirectoryLock Take(string directory)
    {
        Directory.CreateDirectory(directory);
        var pidFile = Path.Combine(directory, "server.pid");
        try
        {
            // FileShare.None is flock(LOCK_EX) on Unix and an exclusive open on Windows.
            var file = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(pidFile, Environment.ProcessId.ToString());
            return new(file);
        }
        catch (IOException)
        {
            var holder = File.Exists(pidFile) ? File.ReadAllText(pidFile).Trim() : "unknown";
            throw new InvalidOperationException($"The data directory {directory} is in use by the server with pid {holder}. Stop it, or use another directory.");
        }
    }

    public void Dispose() => _lock.Dispose();
}
