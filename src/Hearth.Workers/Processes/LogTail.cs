namespace Hearth.Workers;

/// <summary>Keeps the last lines that a worker logged, and writes them all to a file where one is named.</summary>
internal sealed class LogTail : IDisposable
{
    /// <summary>Enough for a .NET stack trace with its message.</summary>
    private const int Capacity = 50;

    private readonly Queue<string> lines = new(Capacity);
    private readonly StreamWriter? file;

    public LogTail(string? path) => file = path is null ? null : new StreamWriter(path, append: true) { AutoFlush = true };

    public void Add(string line)
    {
        lock (lines)
        {
            if (lines.Count == Capacity) lines.Dequeue();
            lines.Enqueue(line);
            file?.WriteLine(line);
        }
    }

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (lines) return [.. lines];
        }
    }

    public void Dispose() => file?.Dispose();
}
