using System.Globalization;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>OpenBLAS with one of its kernel sets, in a child process.</summary>
internal sealed class OpenBlasPeer : IDisposable
{
    // Debian's libopenblas0-openmp.
    private static readonly string[] Libraries =
    [
        "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0",
        "/usr/lib/aarch64-linux-gnu/openblas-openmp/libopenblas.so.0",
    ];

    private readonly PeerProcess _process;

    private OpenBlasPeer(string library, string coreType)
    {
        CoreType = coreType;
        // Started as `dotnet Hearth.Benchmarks.dll` or as the program itself.
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        _process = new PeerProcess($"OpenBLAS ({coreType})", program, [.. self, "openblas-peer", library], new Dictionary<string, string>
        {
            ["OPENBLAS_CORETYPE"] = coreType,
            ["OMP_NUM_THREADS"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
        });
        Version = _process.Ask("info");
    }

    /// <summary>OPENBLAS_CORETYPE.</summary>
    public string CoreType { get; }

    /// <summary>What the library says of itself.</summary>
    public string Version { get; }

    /// <summary>Kernel sets to try: Debian's version does not know newer processors and may choose a generic one.</summary>
    public static string[] CoreTypes => Simd.Widest == SimdLevel.Avx512 ? ["HASWELL", "SKYLAKEX"] : ["HASWELL"];

    /// <summary>One peer for each kernel set; none without the library.</summary>
    public static IReadOnlyList<OpenBlasPeer> StartAll()
    {
        string? library = Libraries.FirstOrDefault(File.Exists);
        return library == null ? [] : [.. CoreTypes.Select(type => new OpenBlasPeer(library, type))];
    }

    /// <summary>Seconds a product, over weights that are <paramref name="copies"/> matrices used in turn.</summary>
    public (double Seconds, string Routine) Time(int threads, int m, int n, int k, int copies, double seconds)
    {
        string[] answer = _process.Ask(string.Create(CultureInfo.InvariantCulture, $"time {threads} {m} {n} {k} {copies} {seconds}")).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), answer[1]);
    }

    public void Dispose() => _process.Dispose();
}
