namespace Hearth.Workers;

/// <summary>Where and how patiently a node runs its workers.</summary>
public sealed record NodeAgentOptions
{
    /// <summary>Longest path of a unix socket that every system takes: 108 bytes with the ending zero on Linux, 104 on macOS.</summary>
    public const int LongestSocketPath = 100;

    /// <summary>Folder for sockets and launch files of replicas; short, because socket paths are.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>The server's data directory; null where there is none.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>How long a worker may take to end after it was asked to.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before a replica's first restart; it doubles up to <see cref="LongestBackOff"/>.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromSeconds(0.5);
    public TimeSpan LongestBackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The data directory's <c>run</c> folder where its path is short enough for sockets, else one in the temporary directory.</summary>
    public static NodeAgentOptions ForDataDirectory(string dataDirectory)
    {
        var run = Path.Combine(Path.GetFullPath(dataDirectory), "run");
        if (System.Text.Encoding.UTF8.GetByteCount(run) + "/0123456789abcdef.sock".Length > LongestSocketPath)
            run = Directory.CreateTempSubdirectory("hearth-run-").FullName;
        return new NodeAgentOptions { RunDirectory = run, DataDirectory = Path.GetFullPath(dataDirectory) };
    }
}
