using System.Diagnostics;
using System.Globalization;

namespace Hearth.Benchmarks;

/// <summary>OpenBLAS with one of its kernel sets, in a child process.</summary>
internal sealed class OpenBlasPeer : IDisposable
{
    // Debian's libopenblas0-openmp; the plain name last, for other systems.
    private static readonly string[] Libraries =
    [
        "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0",
        "/usr/lib/aarch64-linux-gnu/openblas-openmp/libopenblas.so.0",
    ];

    private readonly Process _process;

    private OpenBlasPeer(string library, string coreType)
    {
        CoreType = coreType;
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        start.ArgumentList.Add("openblas-peer");
        start.ArgumentList.Add(library);
        start.Environment["OPENBLAS_CORETYPE"] = coreType;
        start.Environment["OMP_NUM_THREADS"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        _process = Process.Start(start) ?? throw new InvalidOperationException("The peer's process did not start.");
        Version = Ask("info");
    }

    /// <summary>OPENBLAS_CORETYPE.</summary>
    public string CoreType { get; }

    /// <summary>What the library says of itself.</summary>
    public string Version { get; }

    /// <summary>One peer for each kernel set that this processor can run; none without the library.</summary>
    public static IReadOnlyList<OpenBlasPeer> StartAll()
    {
        string? library = Libraries.FirstOrDefault(File.Exists);
        if (library == null) return [];
        string[] types = Hearth.Numerics.Simd.Widest == Hearth.Numerics.SimdLevel.Avx512 ? ["HASWELL", "SKYLAKEX"] : ["HASWELL"];
        return [.. types.Select(type => new OpenBlasPeer(library, type))];
    }

    /// <summary>Seconds a product, over weights that are <paramref name="copies"/> matrices used in turn.</summary>
    public (double Seconds, string Routine) Time(int threads, int m, int n, int k, int copies, double seconds)
    {
        string[] answer = Ask(string.Create(CultureInfo.InvariantCulture, $"time {threads} {m} {n} {k} {copies} {seconds}")).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), answer[1]);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        _process.StandardInput.Flush();
        return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The OpenBLAS process ({CoreType}) ended at '{command}'.");
    }
}
