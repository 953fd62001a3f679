using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The main job, as a program would run it.</summary>
public sealed class DemoTests
{
    /// <summary>Longer than the demo takes on a machine that does other things too.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task The_demo_teaches_worked_answers_and_leaves_nothing_behind()
    {
        var before = Leftovers();
        using var demo = RunningServer.Launch("demo", "--output", "json");
        var output = demo.StandardOutput.ReadToEndAsync();
        var errors = demo.StandardError.ReadToEndAsync();
        await demo.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(demo.ExitCode == 0, await errors + await output);

        using var report = JsonDocument.Parse(await output);
        double Number(string key) => report.RootElement.GetProperty(key).GetDouble();
        Assert.True(Number("tuned_exact") >= 0.85, await output);
        Assert.True(Number("tuned_answer") >= Number("base_answer"), await output);
        Assert.Equal(0, Number("base_exact"));
        Assert.True(Number("tuned_format") > Number("base_format"), await output);
        Assert.True(Number("tuned_loss") < Number("base_loss"), await output);
        Assert.True(Number("steps") >= 100 && Number("seconds") > 0 && Number("tokens_per_second") > 0, await output);
        var newPhrasings = report.RootElement.GetProperty("new_phrasings");
        Assert.True(newPhrasings.GetProperty("tuned_exact").GetDouble() >= 0.85, await output);
        Assert.True(newPhrasings.GetProperty("tuned_answer").GetDouble() >= newPhrasings.GetProperty("base_answer").GetDouble(), await output);
        Assert.Equal(before, Leftovers());
    }

    private static IReadOnlyList<string> Leftovers() => [.. Directory.GetDirectories(Path.GetTempPath(), "hearth-demo-*").Order()];
}
