using System.Diagnostics;
using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Benchmarks;

/// <summary>The real program in a process of its own over a folder, and the means to fill that folder while it does not run.</summary>
internal sealed class ApiServer : IDisposable
{
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

    /// <summary>Puts rows of datasets straight into the database, from number <paramref name="from"/> on until there are <paramref name="to"/>.</summary>
    public static void Fill(string folder, int from, int to)
    {
        using var database = new SqliteConnection($"Data Source={Path.Combine(Data(folder), "hearth.db")};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = $"""
            PRAGMA synchronous = OFF;
            BEGIN IMMEDIATE;
            WITH RECURSIVE numbers (i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {to})
            INSERT INTO resources (name, kind, parent, account, state, version, create_time, update_time, deleted, json, refs)
            SELECT 'accounts/local/datasets/' || printf('d%07d', i), 'datasets', 'accounts/local', 'local', 'UPLOADING', 1, $time + i * 10000000, $time + i * 10000000, 0, $json, '' FROM numbers;
            INSERT INTO counters (kind, parent, live, deleted) VALUES ('datasets', 'accounts/local', {to - from}, 0) ON CONFLICT (kind, parent) DO UPDATE SET live = live + {to - from};
            COMMIT;
            """;
        command.Parameters.AddWithValue("$time", DateTimeOffset.UnixEpoch.AddYears(50).Ticks);
        command.Parameters.AddWithValue("$json", Records.Write(new DatasetRecord { DisplayName = "A dataset", CreatedBy = "admin@localhost" }));
        command.ExecuteNonQuery();
    }

    public static string Name(int number) => $"d{number:d7}";

    public void Dispose()
    {
        using (var terminate = Process.Start("kill", ["-TERM", _process.Id.ToString()])) terminate.WaitForExit();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static string Data(string folder) => Path.Combine(folder, "data");
}
