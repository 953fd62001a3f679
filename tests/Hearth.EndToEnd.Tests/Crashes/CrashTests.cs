using Hearth.ControlPlane;
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
}
