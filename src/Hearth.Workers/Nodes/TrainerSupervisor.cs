using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Runs one training job's process once and reports how it went. A job is not restarted here: its control plane decides that.</summary>
internal sealed class TrainerSupervisor(Assignment assignment, INodeReports reports, WorkerProgram program, NodeAgentOptions options)
    : WorkerSupervisor(assignment, reports)
{
    private readonly TrainerSpec spec = assignment.Trainer
        ?? throw new ArgumentException($"The assignment of {assignment.Resource} has no trainer specification.", nameof(assignment));
    private JobProgress? lastProgress;
    private TrainedAdapter? adapter;
    private string? failure, death;
    private bool diskFull;

    protected override async Task RunAsync(CancellationToken stopping)
    {
        WorkerExit exit;
        try
        {
            do exit = await RunProcessAsync(stopping); // a worker that only missed its lease has not failed
            while (exit.Code == WorkerExit.LeaseLost && !stopping.IsCancellationRequested);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            death = $"The trainer process did not start: {e.Message}";
            exit = new WorkerExit(0, []);
        }
        if (stopping.IsCancellationRequested) return;
        if (exit.Code == 0 && failure is null && adapter is { } done)
            await ReportAsync(token => Reports.JobCompletedAsync(Assignment.Resource, Assignment.Epoch, done, token));
        else if (diskFull)
            await ReportAsync(token => Reports.JobStalledAsync(Assignment.Resource, Assignment.Epoch, token));
        else if (failure is { } reason)
            await ReportAsync(token => Reports.JobFailedAsync(Assignment.Resource, Assignment.Epoch, reason, token));
        else
            await ReportAsync(token => Reports.JobCrashedAsync(Assignment.Resource, Assignment.Epoch, death ?? DeathOf(exit), token));
    }

    private async Task<WorkerExit> RunProcessAsync(CancellationToken stopping)
    {
        Directory.CreateDirectory(spec.RunFolder);
        var specPath = Path.Combine(spec.RunFolder, "trainer.json");
        await File.WriteAllTextAsync(specPath, JsonSerializer.Serialize(spec, WorkerJson.Options), stopping);
        using var process = WorkerProcess.Start(program, [WorkerProgram.TrainerVerb, specPath], Path.Combine(spec.RunFolder, "trainer.log"));
        Watch(process);
        await using var stop = stopping.Register(() => _ = process.StopAsync(options.StopGrace));
        await foreach (var message in process.ReadMessagesAsync()) await TakeAsync(message);
        return await process.Exited;
    }

    private async Task TakeAsync(WorkerMessage message)
    {
        adapter = message.Completed ?? adapter;
        failure = message.Failed ?? failure;
        diskFull |= message.DiskFull == true;
        if (message.Progress is not { } progress) return;
        lastProgress = progress;
        await ReportAsync(token => Reports.JobProgressAsync(Assignment.Resource, Assignment.Epoch, progress, token));
    }

    private string DeathOf(WorkerExit exit) => exit.Reason(lastProgress is { } progress
        ? $"The trainer process, after step {progress.Step} of {progress.TotalSteps},"
        : "The trainer process, before its first step,");
}
