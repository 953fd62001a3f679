using System.Diagnostics;
using Hearth.ControlPlane;
using Hearth.Storage.Sqlite;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>Kills at named points of the real program, while clients write.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Kills = 50;
    private const int Tracks = 2; // side by side: most of a life is the program's start

    [Fact]
    public async Task Nothing_acknowledged_is_lost_and_nothing_is_left_by_half_in_fifty_kills()
    {
        var folder = Directory.CreateTempSubdirectory("hearth-crash-");
        var tracks = Enumerable.Range(1, Tracks).Select(i => new CrashTrack(folder.CreateSubdirectory($"track{i}").FullName, (ulong)i)).ToList();
        await Task.WhenAll(tracks.Select(track => Task.Run(() => track.RunAsync(Kills / Tracks))));
        var ends = tracks.SelectMany(track => track.Ends).CountBy(end => end ?? "killed from outside").ToList();
        output.WriteLine(string.Join(", ", ends));
        output.WriteLine(string.Join(", ", tracks.SelectMany(track => track.Writes).CountBy(write => write)));
        foreach (var point in CrashPoint.Names) Assert.True(ends.FirstOrDefault(end => end.Key == point).Value >= Kills / CrashPoint.Names.Count - 3, $"{point} was hardly reached");
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_crash_in_the_first_start_locks_nobody_out()
    {
        foreach (var point in new[] { CrashPoint.BeforeCommit, CrashPoint.AfterCommit })
        {
            var folder = Directory.CreateTempSubdirectory("hearth-crash-");
            for (var count = 1; count <= 4; count++)
            {
                await using var crashed = new CrashingServer(folder.FullName, $"{point}:{count}");
                Assert.Null(await crashed.ConnectAsync());
                Assert.Equal(point, await crashed.EndAsync(kill: false));
            }
            await using var server = new CrashingServer(folder.FullName, null);
            using var http = (await server.ConnectAsync())!;
            Assert.Contains("datasets", await http.GetStringAsync("datasets"));
            await server.StopAsync();
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_job_whose_server_is_killed_again_and_again_ends_once_and_its_tokens_are_counted_once()
    {
        var folder = Directory.CreateTempSubdirectory("hearth-crash-");
        await using (var first = new CrashingServer(folder.FullName, null))
        {
            using var http = (await first.ConnectAsync())!;
            await SendAsync(http, "datasets", CrashingServer.Json(new { datasetId = "rows", dataset = new { } }));
            using var form = new MultipartFormDataContent { { new StringContent(TrainedRows.JsonLines(32)), "file", "rows.jsonl" } };
            await SendAsync(http, "datasets/rows:upload", form);
            await SendAsync(http, "supervisedFineTuningJobs?supervisedFineTuningJobId=job", CrashingServer.Json(new
            {
                dataset = "accounts/local/datasets/rows",
                baseModel = RunningServer.BaseModel,
                outputModel = "accounts/local/models/tuned",
                batchSizeSamples = 4,
                epochs = 4,
            }));
            await first.EndAsync(kill: true);
        }
        for (var kill = 0; kill < 5; kill++)
        {
            await using var server = new CrashingServer(folder.FullName, $"{(kill % 2 == 0 ? CrashPoint.BeforeCommit : CrashPoint.AfterCommit)}:{8 + 2 * kill}");
            using var http = await server.ConnectAsync();
            await RunningServer.UntilAsync(() => server.HasEnded, "the job's reports to reach the crash point");
            await server.EndAsync(kill: false);
        }
        await using var last = new CrashingServer(folder.FullName, null);
        using var client = (await last.ConnectAsync())!;
        string job;
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            job = await client.GetStringAsync("supervisedFineTuningJobs/job");
            if (job.Contains("JOB_STATE_COMPLETED", StringComparison.Ordinal)) break;
            Assert.True(patience.Elapsed < RunningServer.Patience && !job.Contains("JOB_STATE_FAILED", StringComparison.Ordinal), job);
        }
        Assert.Contains("READY", await client.GetStringAsync("models/tuned"));
        await last.StopAsync();
        await using (var store = SqliteStore.Open(Path.Combine(folder.FullName, "data", "hearth.db")))
        {
            // A step whose report the crash took is counted with the next one; none is counted twice, whether it was run twice or not.
            var usage = await store.ListUsageAsync(new UsageQuery("local") { Kind = "training" }, default);
            var progress = Records.Read<JobRecord>((await store.GetAsync("accounts/local/supervisedFineTuningJobs/job", default))!).Value.Progress!;
            Assert.Equal(32, progress.Step);
            Assert.Equal(progress.TrainedTokens, usage.Sum(entry => entry.TrainedTokens));
            Assert.InRange(usage.Count, 20, 32);
        }
        folder.Delete(recursive: true);
    }

    private static async Task SendAsync(HttpClient http, string address, HttpContent body)
    {
        using var response = await http.PostAsync(address, body);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }
}
