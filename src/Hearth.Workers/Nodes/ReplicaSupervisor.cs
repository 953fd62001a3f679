using System.Security.Cryptography;
using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Keeps one replica of a deployment running: starts it, says where it answers, restarts it with growing pauses when it dies.</summary>
internal sealed class ReplicaSupervisor(
    Assignment assignment, INodeReports reports, WorkerProgram program, NodeAgentOptions options, TimeProvider time)
    : WorkerSupervisor(assignment, reports)
{
    private readonly object gate = new();
    private volatile string? socket; // of the process that is ready
    private Task adopting = Task.CompletedTask;
    private CancellationToken stopping;
    private string? failure;
    private Assignment launched = assignment;

    private ReplicaSpec Spec => Assignment.Replica
        ?? throw new ArgumentException($"The assignment of {Assignment.Resource} has no replica specification.");

    public override bool IsReady => socket is not null;

    /// <summary>The running process changes its adapters while it serves; a fault among them is reported, and tried again.</summary>
    public override bool TryAdopt(Assignment newer)
    {
        lock (gate)
        {
            if (socket is not { } path || stopping.IsCancellationRequested || newer.Replica is null || Bare(newer.Replica) != Bare(Spec)) return false;
            Assignment = newer;
            adopting = AdoptAsync(adopting, newer, path);
            return true;
        }
    }

    private async Task AdoptAsync(Task before, Assignment newer, string path)
    {
        await Task.Yield(); // the caller holds locks
        await before;
        var backOff = options.FirstBackOff;
        while (Assignment == newer && socket == path && !stopping.IsCancellationRequested)
        {
            try
            {
                var answer = await ReplicaSocket.SetAddonsAsync(path, newer.Replica!.Addons, stopping);
                if (answer.Fault is not { } fault)
                {
                    await ReportAsync(token => Reports.ReplicaReadyAsync(newer.Resource, newer.Epoch, path, answer.Hashes, token), stops: false);
                    return;
                }
                await ReportAsync(token => Reports.ReplicaExitedAsync(newer.Resource, newer.Epoch, fault, token), stops: false);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                return; // The process is ending; the next one starts with what is wanted now.
            }
            await Task.WhenAny(Task.Delay(backOff, time, stopping));
            backOff = Longer(backOff);
        }
    }

    private static ReplicaSpec Bare(ReplicaSpec spec) => spec with { Addons = [] };

    private TimeSpan Longer(TimeSpan backOff) => backOff * 2 < options.LongestBackOff ? backOff * 2 : options.LongestBackOff;

    protected override async Task RunAsync(CancellationToken stopping)
    {
        this.stopping = stopping;
        try
        {
            await KeepRunningAsync(stopping);
        }
        finally
        {
            await adopting;
        }
    }

    private async Task KeepRunningAsync(CancellationToken stopping)
    {
        var backOff = options.FirstBackOff;
        while (!stopping.IsCancellationRequested)
        {
            var reason = await RunOnceAsync(stopping);
            if (stopping.IsCancellationRequested) return;
            // A replica that had served starts again soon; one that never came up is given more and more time.
            if (IsReady) backOff = options.FirstBackOff;
            lock (gate) socket = null;
            await ReportAsync(token => Reports.ReplicaExitedAsync(Assignment.Resource, Assignment.Epoch, reason, token));
            await Task.WhenAny(Task.Delay(backOff, time, stopping));
            backOff = Longer(backOff);
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
            launched = Assignment;
            var launch = new ReplicaLaunch(Spec, socketPath);
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
        // The epoch that it was started for: where a newer one has come meanwhile, that one is adopted next, or has its own process.
        var started = launched;
        await ReportAsync(token => Reports.ReplicaReadyAsync(started.Resource, started.Epoch, endpoint.SocketPath, endpoint.AddonHashes, token));
        lock (gate) socket = endpoint.SocketPath;
    }
}
