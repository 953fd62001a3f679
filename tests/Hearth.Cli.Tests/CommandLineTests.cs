using System.Text.Json;
using Xunit;

namespace Hearth.Cli.Tests;

[Collection(nameof(ConsoleTests))]
public sealed class CommandLineTests
{
    [Fact]
    public async Task An_unknown_option_is_named_and_nothing_is_done()
    {
        var run = await CommandRun.OfAsync("deploy", "hearth-tiny", "--replica");
        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("--replica", run.Errors);
        Assert.Contains("deploy --help", run.Errors);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_missing_argument_is_a_wrong_command_line() =>
        Assert.Equal(ExitCodes.Usage, (await CommandRun.OfAsync("train")).ExitCode);

    [Fact]
    public async Task A_failure_is_one_line_on_standard_error()
    {
        var run = await CommandRun.OfAsync("fail");
        Assert.Equal(ExitCodes.Unavailable, run.ExitCode);
        Assert.Equal("hearth: It did not work." + Environment.NewLine, run.Errors);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_failure_is_one_object_where_json_is_asked_for()
    {
        var run = await CommandRun.OfAsync("fail", "--output", "json");
        Assert.Equal(ExitCodes.Unavailable, run.ExitCode);
        using var document = JsonDocument.Parse(run.Output);
        Assert.Equal("It did not work.", document.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Empty(run.Errors);
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("train")]
    [InlineData("deploy")]
    [InlineData("batch")]
    public async Task Help_shows_what_to_type_and_the_exit_codes(string verb)
    {
        var run = await CommandRun.OfAsync(verb, "--help");
        Assert.Equal(ExitCodes.Success, run.ExitCode);
        Assert.Contains($"hearth {verb} ", run.Output);
        Assert.Contains(ExitCodes.Summary, run.Output);
    }

    [Fact]
    public async Task A_server_that_is_not_there_has_its_own_exit_code()
    {
        // Port 1 (tcpmux) is served by nothing that runs tests.
        var run = await CommandRun.OfAsync("models", "list", "--url", "http://127.0.0.1:1", "--api-key", "k");
        Assert.Equal(ExitCodes.Unavailable, run.ExitCode);
        Assert.Contains("http://127.0.0.1:1", run.Errors);
    }

    [Fact]
    public async Task Without_a_key_the_ways_to_give_one_are_told()
    {
        var folder = Directory.CreateTempSubdirectory("hearth-cli-").FullName;
        var run = await CommandRun.OfAsync("models", "list", "--data-dir", folder);
        Directory.Delete(folder);
        Assert.Equal(ExitCodes.Usage, run.ExitCode);
        Assert.Contains("HEARTH_API_KEY", run.Errors);
    }

    [Fact]
    public void Progress_is_step_loss_rate_and_time_left() =>
        Assert.Equal("step 12/126 · loss 1.234 · 5,310 tokens/s · 0:24 left", JobProgressView.Line(new JobSnapshot(12, 126, 1.2341, 5310.4, 24.2)));

    [Fact]
    public void Long_times_have_hours_and_unknown_ones_are_zero()
    {
        Assert.EndsWith("2:03:04 left", JobProgressView.Line(new JobSnapshot(1, 2, 1, 1, (2 * 3600) + (3 * 60) + 4)));
        Assert.EndsWith("0:00 left", JobProgressView.Line(new JobSnapshot(1, 2, 1, 1, double.PositiveInfinity)));
    }
}
