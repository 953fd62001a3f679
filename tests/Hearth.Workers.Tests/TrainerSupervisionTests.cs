using System.Diagnostics;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>What the node agent makes of trainer processes, with processes that follow a script.</summary>
public sealed class TrainerSupervisionTests
{
    [Fact]
    public async Task Progress_and_the_adapter_of_a_job_are_reported_in_order()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("progress 1\nprogress 2\ncompleted /runs/adapter"));
        Assert.Equal("progress 1", await node.NextReportAsync());
        Assert.Equal("progress 2", await node.NextReportAsync());
        Assert.Equal("completed /runs/adapter", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_reason_given_by_the_trainer_is_the_reason_of_the_failure()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("log noise\nfailed Row 7 is empty.\nexit 1"));
        Assert.Equal("failed Row 7 is empty.", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_killed_trainer_is_told_with_the_signal_the_step_and_the_end_of_its_log()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("log the last words\nprogress 3\nwait"));
        Assert.Equal("progress 3", await node.NextReportAsync());
        Process.GetProcessById(Assert.Single(node.WorkerIds())).Kill();
        var failure = await node.NextReportAsync();
        Assert.StartsWith("crashed The trainer process, after step 3 of 10, was ended by signal 9 (SIGKILL", failure);
        Assert.EndsWith("the last words", failure);
    }

    [Fact]
    public async Task A_full_disk_stalls_the_job()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("disk-full\nexit 1"));
        Assert.Equal("stalled", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_trainer_that_ends_without_a_result_has_crashed()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("exit 0"));
        Assert.StartsWith("crashed The trainer process, before its first step, ended without a result.", await node.NextReportAsync());
    }

    [Fact]
    public async Task An_adapter_announced_before_a_crash_does_not_count()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("completed /runs/adapter\nexit 5"));
        Assert.StartsWith("crashed The trainer process, before its first step, ended with exit code 5.", await node.NextReportAsync());
    }

    [Fact]
    public async Task Only_the_last_fifty_lines_of_the_log_are_told_and_all_are_kept_in_the_run_folder()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer(string.Join('\n', Enumerable.Range(1, 60).Select(i => $"log line {i}")) + "\nexit 1"));
        var told = (await node.NextReportAsync()).Split('\n');
        Assert.Equal("line 11", told[1]);
        Assert.Equal("line 60", told[^1]);
        Assert.Equal(60, File.ReadAllLines(Path.Combine(node.Folder, "runs", "j", "trainer.log")).Length);
    }

    [Fact]
    public async Task What_libraries_print_is_log_and_never_a_message()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("""print {"completed":{"folder":"/forged"}}""" + "\nexit 1"));
        Assert.Contains("forged", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_job_that_is_over_is_not_started_again_while_it_is_still_assigned()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("failed once"));
        Assert.Equal("failed once", await node.NextReportAsync());
        node.Assign(node.Trainer("failed once"), node.Trainer("failed other", job: "other"));
        Assert.Equal("failed other", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_job_that_is_no_longer_assigned_is_stopped_without_a_report()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("progress 1\nwait"));
        await node.NextReportAsync();
        var worker = Assert.Single(node.WorkerIds());
        node.Assign();
        await ScriptedNode.GoneAsync(worker);
        node.Assign(node.Trainer("failed next", job: "next"));
        Assert.Equal("failed next", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_refused_report_stops_the_process()
    {
        await using var node = new ScriptedNode { CurrentEpoch = 2 };
        node.Assign(node.Trainer("progress 1\nwait", epoch: 1));
        Assert.Equal("refused progress 1", await node.NextReportAsync());
        foreach (var worker in node.WorkerIds()) await ScriptedNode.GoneAsync(worker);
    }

    [Fact]
    public async Task A_newer_epoch_of_a_job_starts_when_the_older_process_has_gone()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("progress 1\nwait", epoch: 1));
        await node.NextReportAsync();
        var older = Assert.Single(node.WorkerIds());
        node.Assign(node.Trainer("progress 2\nwait", epoch: 2));
        Assert.Equal("progress 2", await node.NextReportAsync());
        Assert.DoesNotContain(older, node.WorkerIds());
    }

    [Fact]
    public async Task Workers_die_with_a_server_that_was_killed()
    {
        await using var node = new ScriptedNode();
        using var server = Process.Start(ParentOf(node.WriteSpec("wait")))!;
        var worker = int.Parse((await server.StandardOutput.ReadLineAsync().WaitAsync(ScriptedNode.Patience))!);
        Assert.True(Directory.Exists($"/proc/{worker}"));
        server.Kill();
        await ScriptedNode.GoneAsync(worker);

        static ProcessStartInfo ParentOf(string specPath) =>
            new("dotnet", [.. ScriptedNode.Program.LeadingArguments, "parent", specPath]) { RedirectStandardOutput = true };
    }

    [Theory]
    [InlineData("DOTNET_gcServer")]
    [InlineData("DOTNET_gcConcurrent")]
    [InlineData("DOTNET_TieredPGO")]
    [InlineData("DOTNET_TC_QuickJitForLoops")]
    public async Task Workers_run_with_their_own_runtime_settings(string variable)
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer($"environment {variable}"));
        Assert.Equal("failed 0", await node.NextReportAsync());
    }

    [Fact]
    public void Workers_take_the_servers_data_directory_for_their_own()
    {
        var start = (ScriptedNode.Program with { DataDirectory = "/srv/hearth" }).StartInfo([WorkerProgram.TrainerVerb, "spec"]);
        Assert.Equal("/srv/hearth", start.Environment["HEARTH_HOME"]);
    }

    [Fact]
    public async Task Workers_offer_themselves_to_the_kernel_before_the_server()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Trainer("oom-score"));
        Assert.Equal("failed 500", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_worker_that_does_not_end_when_asked_is_killed()
    {
        await using var node = new ScriptedNode();
        using var worker = WorkerProcess.Start(ScriptedNode.Program, [WorkerProgram.TrainerVerb, node.WriteSpec("progress 1\ndeaf")]);
        await foreach (var _ in worker.ReadMessagesAsync()) break;
        var exit = await worker.StopAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(ScriptedNode.Patience);
        Assert.Contains("SIGKILL", exit.Description);
    }
}
