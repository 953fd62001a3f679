using System.Diagnostics;
using System.Text.Json;
using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;

namespace Hearth.Benchmarks;

/// <summary>The real program in a process of its own over a folder, and the means to fill that folder while it does not run.</summary>
internal sealed class ApiServer : IDisposable
{
    private const int Batch = 2_000;
    private readonly Process _process;

    private ApiServer(Process process, Uri url, string key) => (_process, Url, Key) = (process, url, key);

    public Uri Url { get; }

    public string Key { get; }

    public static ApiServer Start(string folder)
    {
        string ready = Path.Combine(folder, "ready.json");
        File.Delete(ready);
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "hearth.dll"), "serve", "--port", "0", "--data-dir", Data(folder), "--ready-file", ready])
        {
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start) ?? throw new InvalidOperationException("The server did not start.");
        process.BeginOutputReadLine();
        while (!File.Exists(ready))
        {
            if (process.HasExited) throw new InvalidOperationException("The server ended instead of starting; its error is above.");
            Thread.Sleep(20);
        }
        using var file = JsonDocument.Parse(File.ReadAllBytes(ready));
        return new(process, new Uri(file.RootElement.GetProperty("url").GetString()!), file.RootElement.GetProperty("adminKey").GetString()!);
    }

    /// <summary>Writes datasets from number <paramref name="from"/> on until there are <paramref name="to"/>, and returns how many a second.</summary>
    public static async Task<double> FillAsync(string folder, int from, int to)
    {
        await using var store = SqliteStore.Open(Path.Combine(Data(folder), "hearth.db"));
        long start = Stopwatch.GetTimestamp();
        var waiting = new Queue<Task>();
        for (int next = from; next < to; next += Batch)
        {
            var change = new Change();
            for (int number = next; number < Math.Min(to, next + Batch); number++) change.Insert(Row(number));
            waiting.Enqueue(store.CommitAsync(change, CancellationToken.None).AsTask());
            if (waiting.Count > 4) await waiting.Dequeue();
        }
        await Task.WhenAll(waiting);
        return (to - from) / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        using (var terminate = Process.Start("kill", ["-TERM", _process.Id.ToString()])) terminate.WaitForExit();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static ResourceRow Row(int number)
    {
        // Numbers are spread over the names, so that rows do not arrive in order of name.
        var name = ResourceName.Of("local", ResourceKind.Datasets, Name(number));
        var created = DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(number);
        return new(name, DatasetRecord.Uploading, 0, created, created, Records.Write(new DatasetRecord { DisplayName = $"Dataset {number}", CreatedBy = "admin@localhost" }));
    }

    public static string Name(int number) => $"d{(uint)number * 2654435761u:x8}-{number}";

    private static string Data(string folder) => Path.Combine(folder, "data");
}
