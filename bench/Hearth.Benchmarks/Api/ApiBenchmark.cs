using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Hearth.Benchmarks;

/// <summary>The control plane over loopback: requests a second and times with 32 clients, and how lists behave as collections grow.</summary>
internal static class ApiBenchmark
{
    private const int Clients = 32;
    private const int Rounds = 3;
    private const int WarmRounds = 5;
    private const int PageSize = 50;
    private const string Datasets = "/v1/accounts/local/datasets";
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(2);
    private static readonly int[] Sizes = [1_000, 100_000, 1_000_000];

    public static void Run(Report report)
    {
        var machine = new Machine();
        report.Note($"processor: {machine.Processor}, {Environment.ProcessorCount} threads shared by server and clients; .NET {Environment.Version}");
        string folder = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        try
        {
            using (ApiServer.Start(folder))
            {
                // The first start makes the account.
            }
            RunLists(report, folder);
            report.Note(FormattableString.Invariant($"others took {100 * machine.TakenByOthers():F0} % of the processors' time during this run"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void RunLists(Report report, string folder)
    {
        var (first, filled) = (default(Load), 0);
        foreach (int size in Sizes)
        {
            ApiServer.Fill(folder, filled, size);
            filled = size;
            using var server = ApiServer.Start(folder);
            using var load = new LoadGenerator(server.Url, server.Key);
            var pages = Pages(load, size);
            Warm(load, 1, number => Get(pages[number % pages.Count]));
            var best = Enumerable.Range(0, Rounds).Select(_ => load.Run(1, Short, number => Get(pages[number % pages.Count]))).MinBy(one => one.P99)!;
            first ??= best;
            report.AddTime($"list-{Round(size)}-p50", best.P50, first.P50, "ms", $"the same with {Round(Sizes[0])} resources");
            report.AddTime($"list-{Round(size)}-p99", best.P99, first.P99, "ms", $"the same with {Round(Sizes[0])} resources");
            if (size == Sizes[1]) RunLoads(report, folder, load, pages, size);
        }
    }

    private static string Round(int size) => size < 1_000_000 ? $"{size / 1_000}k" : $"{size / 1_000_000}m";

    private static void RunLoads(Report report, string folder, LoadGenerator ours, IReadOnlyList<string> pages, int size)
    {
        int page = ours.SendAsync(Get(pages[0])).GetAwaiter().GetResult().Length, one = ours.SendAsync(Get($"{Datasets}/{ApiServer.Name(0)}")).GetAwaiter().GetResult().Length;
        Compare(report, "get", ours, one, number => Get($"{Datasets}/{ApiServer.Name(number * 7919 % size)}"));
        Compare(report, "list", ours, page, number => Get(pages[number % pages.Count]));
        string mark = Guid.NewGuid().ToString("n")[..8];
        var create = Best(ours, number => Post(Datasets, $$$"""{"datasetId":"b{{{mark}}}-{{{number}}}-{{{Stopwatch.GetTimestamp() & 0xffffff:x}}}","dataset":{"displayName":"New"}}"""));
        double syncs = SyncsASecond(folder);
        string peer = "4 KiB written and synced on the same disk, one after the other";
        report.AddRate($"create-{Clients}", create.PerSecond, syncs, "1/s", peer);
        report.AddTime($"create-{Clients}-p50", create.P50, 1_000 / syncs, "ms", peer);
        report.AddTime($"create-{Clients}-p99", create.P99, 1_000 / syncs, "ms", peer);
    }

    private static void Compare(Report report, string name, LoadGenerator ours, int bytes, Func<int, HttpRequestMessage> next)
    {
        using var process = new PeerProcess("empty server", Environment.ProcessPath!, ["exec", typeof(ApiBenchmark).Assembly.Location, EmptyPeer.Verb, bytes.ToString()], new Dictionary<string, string>());
        using var empty = new LoadGenerator(new Uri(process.ReadLine()), null);
        var (mine, theirs) = (Best(ours, next), Best(empty, next));
        string peer = $"a Kestrel that answers {bytes:N0} bytes from memory";
        report.AddRate($"{name}-{Clients}", mine.PerSecond, theirs.PerSecond, "1/s", peer);
        report.AddTime($"{name}-{Clients}-p50", mine.P50, theirs.P50, "ms", peer);
        report.AddTime($"{name}-{Clients}-p99", mine.P99, theirs.P99, "ms", peer);
    }

    private static Load Best(LoadGenerator load, Func<int, HttpRequestMessage> next)
    {
        Warm(load, Clients, next);
        return Enumerable.Range(0, Rounds).Select(_ => load.Run(Clients, Short, next)).MaxBy(one => one.PerSecond)!;
    }

    /// <summary>Until it gets no faster: a fresh process compiles its code while it answers.</summary>
    private static void Warm(LoadGenerator load, int clients, Func<int, HttpRequestMessage> next)
    {
        double before = 0;
        for (int round = 0; round < WarmRounds; round++)
        {
            double now = load.Run(clients, Short, next).PerSecond;
            if (now < 1.1 * before) return;
            before = now;
        }
    }

    /// <summary>First and deep pages, by name and by time, as a walk through the collection asks for them.</summary>
    private static List<string> Pages(LoadGenerator load, int size)
    {
        var pages = new List<string>();
        foreach (string order in (string[])["name", "createTime desc"])
        {
            string address = $"{Datasets}?pageSize={PageSize}&orderBy={Uri.EscapeDataString(order)}", token = "";
            for (int page = 0; page < 10; page++)
            {
                pages.Add(token == "" ? address : $"{address}&pageToken={Uri.EscapeDataString(token)}");
                using var answer = JsonDocument.Parse(load.SendAsync(Get(pages[^1])).GetAwaiter().GetResult());
                if (answer.RootElement.GetProperty("totalSize").GetInt64() < size) throw new InvalidOperationException("Resources are missing.");
                token = answer.RootElement.GetProperty("nextPageToken").GetString()!;
            }
        }
        return pages;
    }

    private static double SyncsASecond(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "syncs"), FileMode.Create);
        byte[] block = new byte[4096];
        int count = 0;
        for (long start = Stopwatch.GetTimestamp(); ; count++)
        {
            file.Write(block);
            file.Flush(flushToDisk: true);
            if (Stopwatch.GetElapsedTime(start) is var taken && taken >= Short) return count / taken.TotalSeconds;
        }
    }

    private static HttpRequestMessage Get(string address) => new(HttpMethod.Get, address);

    private static HttpRequestMessage Post(string address, string json) => new(HttpMethod.Post, address) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
}
