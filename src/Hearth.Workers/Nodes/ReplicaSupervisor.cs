using System.Security.Cryptography;
using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Keeps one replica of a deployment running: starts it, says where it answers, restarts it with growing pauses when it dies.</summary>
internal sealed class ReplicaSupervisor(
    Assignment assignment, INodeReports reports, WorkerProgram program, NodeAgentOptions options, TimeProvider time)
    : WorkerSupervisor(assignment, reports)
{
    private readonly ReplicaSpec spec = assignment.Replica
        ?? throw new ArgumentException($"The assignment of {assignment.Resource} has no replica specification.", nameof(assignment));
    private volatile bool ready;
    private string? failure;

    public override bool IsReady => ready;

    protected override async Task RunAsync(CancellationToken stopping)
    {
        var backOff = options.FirstBackOff;
        while (!stopping.IsCancellationRequested)
        {
            var reason = await RunOnceAsync(stopping);
            if (stopping.IsCancellationRequested) return;
            // A replica that had served starts again soon; one that never came up is given more and more time.
            if (ready) backOff = options.FirstBackOff;
            ready = false;
            await ReportAsync(token => Reports.ReplicaExitedAsync(Assignment.Resource, Assignment.Epoch, reason, token));
            await Task.WhenAny(Task.Delay(backOff, time, stopping));
            backOff = backOff * 2 < options.LongestBackOff ? backOff * 2 : options.LongestBackOff;
        }
    }

    /// <summary>Runs a process until it ends and returns why it did.</summary>
    private async Task<string> RunOnceAsync(CancellationToken stopping)
    {
        failure = null;
        var name = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var socketPath = Path.Combine(options.RunDirectory, name + ".sock");
        var launchPath = Path.Combine(options.RunDirectory, name + ".json");
        try
        {
            Directory.CreateDirectory(options.RunDirectory);
            var launch = new ReplicaLaunch(spec, socketPath);
            await File.WriteAllTextAsync(launchPath, JsonSerializer.Serialize(launch, WorkerJson.Options), stopping);
            using var process = WorkerProcess.Start(program, [WorkerProgram.ReplicaVerb, launchPath], Path.Combine(options.RunDirectory, name + ".log"));
            Watch(process);
            await using var stop = stopping.Register(() => _ = process.StopAsync(options.StopGrace));
            await foreach (var message in process.ReadMessagesAsync()) await TakeAsync(name, message);
            var exit = await process.Exited;
            return failure ?? exit.Reason("The replica process");
        }
        catch (OperationCanceledException)
        {
            return "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"The replica process did not start: {e.Message}";
        }
        finally
        {
            File.Delete(socketPath);
            File.Delete(launchPath);
            File.Delete(Path.Combine(options.RunDirectory, name + ".log"));
        }
    }

    private async Task TakeAsync(string name, WorkerMessage message)
    {
        failure = message.Failed ?? failure;
        if (message.Figures is { } figures) await ReportAsync(token => Reports.ReplicaFiguresAsync(Assignment.Resource, Assignment.Epoch, name, figures, token));
        if (message.Ready is not { } endpoint) return;
        await ReportAsync(token =>
            Reports.ReplicaReadyAsync(Assignment.Resource, Assignment.Epoch, endpoint.SocketPath, endpoint.AddonHashes, token));
        ready = true;
    }
}
