using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hearth.Tokenization;

namespace Hearth.Benchmarks;

/// <summary>
/// Text to ids, one megabyte in one call, one thread: each published tokenizer of the fixtures against npm <c>tokenizers</c>, in turns, after a warm-up of
/// both. Each run's ids are compared by hash.
/// </summary>
internal static class TokenizerBenchmark
{
    private const int Rounds = 7;

    public static void Run(Report report, bool oursOnly)
    {
        string fixtures = BenchFolder.Fixtures("tokenizers");
        var machine = new Machine();
        report.Note($"processor: {machine.Processor}; .NET {Environment.Version}; one thread a side, bench.txt (1 MiB) in one call");
        using var peer = oursOnly ? null : StartPeer();
        var work = Directory.CreateTempSubdirectory("hearth-bench-tokenizer-").FullName;
        try
        {
            foreach (var folder in Directory.EnumerateDirectories(Path.Combine(fixtures, "real")).Order(StringComparer.Ordinal))
            {
                string name = "tokenizer-" + Path.GetFileName(folder);
                if (report.Wants(name)) Measure(report, name, Unpack(folder, work), Path.Combine(fixtures, "bench.txt"), peer);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        report.Note($"best of {Rounds} rounds; others took {machine.TakenByOthers():P0} of the processors' time during this run");
    }

    private static void Measure(Report report, string name, string tokenizerFile, string textFile, PeerProcess? peer)
    {
        var tokenizer = Tokenizer.Load(tokenizerFile);
        string text = File.ReadAllText(textFile);
        double megabytes = new FileInfo(textFile).Length / 1e6;
        peer?.Ask("load\t" + tokenizerFile);
        double first = Ours(tokenizer, text).Seconds, ours = double.MaxValue, theirs = double.MaxValue;
        peer?.Ask("encode\t" + textFile);
        for (int round = 0; round < Rounds; round++)
        {
            var own = Ours(tokenizer, text);
            ours = Math.Min(ours, own.Seconds);
            if (peer is null) continue;
            string[] answer = peer.Ask("encode\t" + textFile).Split(' ');
            theirs = Math.Min(theirs, double.Parse(answer[0], CultureInfo.InvariantCulture));
            if (answer[2] != own.Hash) throw new InvalidOperationException($"{name}: the ids differ from the peer's ({answer[1]} tokens there).");
        }
        report.AddRate(name, megabytes / ours, peer is null ? double.NaN : megabytes / theirs, "MB/s", $"tokenizers 0.23.2; our first call {megabytes / first:F1} MB/s");
    }

    private static (double Seconds, string Hash) Ours(Tokenizer tokenizer, string text)
    {
        long start = Stopwatch.GetTimestamp();
        int[] ids = tokenizer.Encode(text);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (seconds, Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(ids))));
    }

    private static PeerProcess StartPeer()
    {
        string folder = BenchFolder.Peer("tokenizers");
        NodePeer.Install(folder, "ci");
        return new PeerProcess("tokenizers", "node", [Path.Combine(folder, "peer.mjs")], new Dictionary<string, string> { ["TOKENIZERS_PARALLELISM"] = "false", ["RAYON_NUM_THREADS"] = "1" });
    }

    private static string Unpack(string folder, string work)
    {
        string path = Path.Combine(work, Path.GetFileName(folder) + ".json");
        using var packed = new GZipStream(File.OpenRead(Path.Combine(folder, "tokenizer.json.gz")), CompressionMode.Decompress);
        using var plain = File.Create(path);
        packed.CopyTo(plain);
        return path;
    }
}
