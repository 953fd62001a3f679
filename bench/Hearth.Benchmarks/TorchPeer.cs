using System.Globalization;

namespace Hearth.Benchmarks;

/// <summary>Debian's PyTorch with one of OpenBLAS's kernel sets: bench/peers/lora_torch.py.</summary>
internal sealed class TorchPeer : IDisposable
{
    private const string Python = "/usr/bin/python3"; // Debian's own: packages of the distribution are not in other interpreters
    private const string Allocator = "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4";

    private readonly PeerProcess _process;

    private TorchPeer(string script, string coreType)
    {
        CoreType = coreType;
        var environment = new Dictionary<string, string>
        {
            ["OPENBLAS_CORETYPE"] = coreType,
            ["OMP_NUM_THREADS"] = "2",
            ["GOMP_CPU_AFFINITY"] = "0 1",
        };
        if (File.Exists(Allocator)) environment["LD_PRELOAD"] = Allocator;
        _process = new PeerProcess($"PyTorch ({coreType})", Python, [script], environment);
        Version = _process.Ask("info") + (File.Exists(Allocator) ? ", tcmalloc" : ", without tcmalloc (install libtcmalloc-minimal4)");
    }

    public string CoreType { get; }

    public string Version { get; }

    /// <summary>One peer for each kernel set; none where Debian's python3-torch is not installed.</summary>
    public static IReadOnlyList<TorchPeer> StartAll()
    {
        if (!File.Exists(Python) || !Directory.Exists("/usr/lib/python3/dist-packages/torch")) return [];
        return [.. OpenBlasPeer.CoreTypes.Select(type => new TorchPeer(BenchFolder.Peer("lora_torch.py"), type))];
    }

    /// <summary>Best seconds a step, and the loss of the last one.</summary>
    public (double Seconds, double Loss) Run(double seconds)
    {
        string[] answer = _process.Ask(string.Create(CultureInfo.InvariantCulture, $"run {seconds}")).Split(' ');
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), double.Parse(answer[1], CultureInfo.InvariantCulture));
    }

    public void Dispose() => _process.Dispose();
}
