namespace Hearth.Benchmarks;

/// <summary>The folder bench/ of the repository: results and peers.</summary>
internal static class BenchFolder
{
    /// <summary>Where it is; bench/run says so.</summary>
    public static string Root => Environment.GetEnvironmentVariable("HEARTH_BENCH_ROOT") ?? throw new InvalidOperationException("Start this benchmark with bench/run.");

    /// <summary>Path of a peer's file or folder.</summary>
    public static string Peer(string name) => Path.Combine(Root, "peers", name);

    /// <summary>A folder of the fixtures.</summary>
    /// <exception cref="DirectoryNotFoundException">It is not there.</exception>
    public static string Fixtures(string family)
    {
        string folder = Path.Combine(Environment.GetEnvironmentVariable("HEARTH_FIXTURES") ?? Path.Combine(Root, "..", "..", "shared", "fixtures"), family);
        return Directory.Exists(folder) ? folder : throw new DirectoryNotFoundException($"{folder} does not exist. Set HEARTH_FIXTURES to the folder of the fixtures.");
    }
}
