using System.Text.Json;
using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>One data directory through many crashes: before each, clients write; after each, what a server shows is compared with what they know.</summary>
public sealed class CrashTrack(string folder, ulong seed)
{
    private const int Clients = 3;
    private const int MostWrites = 120;
    private static readonly string[] Kinds = ["datasets", "deployments", "secrets"];

    private readonly Dice dice = new(seed);
    private readonly List<CrashClient> clients = [.. Enumerable.Range(0, Clients).Select(i => new CrashClient($"c{i}", seed * 10 + (ulong)i))];

    /// <summary>Where the servers ended; null where one had to be killed from outside.</summary>
    public List<string?> Ends { get; } = [];

    public IReadOnlyList<string> Writes => [.. clients.SelectMany(client => client.Acknowledged.Select(write => write.Method))];

    public async Task RunAsync(int lives)
    {
        for (var life = 0; life < lives; life++) await LiveAsync(CrashPoint.Names[life % CrashPoint.Names.Count]);
        await CheckAtRestAsync();
    }

    private async Task LiveAsync(string point)
    {
        await using var server = new CrashingServer(folder, $"{point}:{1 + dice.Next(point is CrashPoint.BeforeCommit or CrashPoint.AfterCommit ? 40 : 8)}");
        using var http = await server.ConnectAsync();
        if (http is not null && await CheckAsync(http)) await Task.WhenAll(clients.Select(client => client.RunAsync(http, MostWrites)));
        Ends.Add(await server.EndAsync(kill: true));
    }

    /// <summary>False where the server ended meanwhile.</summary>
    private async Task<bool> CheckAsync(HttpClient http)
    {
        var found = new Dictionary<string, string>();
        try
        {
            foreach (var kind in Kinds) await ReadAsync(http, kind, found);
        }
        catch (Exception gone) when (gone is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
        foreach (var resource in clients.SelectMany(client => client.Resources))
        {
            var state = found.Remove(resource.Address, out var shown) ? shown : KnownResource.Absent;
            Assert.True(resource.Settle(state), $"after {Ends.Count} crashes, the last at {Ends.LastOrDefault()}: known {resource}; found {state}");
        }
        Assert.Empty(found);
        return true;
    }

    private static async Task ReadAsync(HttpClient http, string kind, Dictionary<string, string> found)
    {
        using var page = JsonDocument.Parse(await http.GetStringAsync($"{kind}?pageSize=200"));
        var items = page.RootElement.GetProperty(kind).EnumerateArray().ToList();
        Assert.Equal(items.Count, page.RootElement.GetProperty("totalSize").GetInt32()); // the counter is in the row's transaction
        foreach (var item in items)
        {
            string Text(string field) => item.GetProperty(field).ToString();
            found.Add(Text("name")["accounts/local/".Length..], kind switch
            {
                "datasets" => $"{Text("state")} {Text("displayName")} {Text("exampleCount")}",
                "deployments" => $"{Text("state")} {Text("displayName")}",
                _ => Text("keyName"),
            });
        }
    }

    /// <summary>A last start that ends well; then the files and the audit log are counted.</summary>
    private async Task CheckAtRestAsync()
    {
        await using var server = new CrashingServer(folder, null);
        using var http = (await server.ConnectAsync())!;
        Assert.True(await CheckAsync(http));
        var data = Path.Combine(folder, "data");
        await using var store = SqliteStore.Open(Path.Combine(data, "hearth.db"));
        await RunningServer.UntilAsync(() => store.ListOutboxAsync(DateTimeOffset.MaxValue, 1, default).AsTask().Result.Count == 0, "the outbox to be delivered");
        Assert.Empty(await store.ListDeadOutboxAsync(0, 10, default));
        await CheckFilesAsync(store, data);
        await CheckAuditAsync(store);
        await server.StopAsync();
    }

    private async Task CheckFilesAsync(SqliteStore store, string data)
    {
        var files = Directory.EnumerateFiles(Path.Combine(data, "blobs"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).ToHashSet();
        foreach (var file in files) Assert.True(await store.IsReferencedAsync($"blobs/{file}", default), $"no row names {file}");
        foreach (var dataset in clients.SelectMany(client => client.Resources).Where(resource => resource.State.StartsWith("READY ", StringComparison.Ordinal) && resource.Kind == "datasets"))
            Assert.Contains(dataset.Content, files);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(data, "tmp")));
    }

    /// <summary>Each acknowledged write has its entry; a write in doubt may have one.</summary>
    private async Task CheckAuditAsync(SqliteStore store)
    {
        var entries = (await store.ListAuditAsync(new AuditQuery("local"), default)).Select(entry => (entry.Method, entry.Resource)).ToList();
        var found = entries.CountBy(entry => entry).ToDictionary();
        foreach (var (write, count) in clients.SelectMany(client => client.Acknowledged).CountBy(write => write))
            Assert.True(found.GetValueOrDefault((write.Method, $"accounts/local/{write.Address}")) >= count, $"{write} was acknowledged {count} times, but the audit log has fewer entries");
    }
}
