using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>A replica process: loads its model, answers on its socket, and ends when its server does.</summary>
public static class ReplicaWorker
{
    /// <summary>Serves until the control pipe closes; the process's exit code is the result.</summary>
    public static async Task<int> RunAsync(string launchPath, CancellationToken cancellationToken)
    {
        using var channel = WorkerChannel.Open();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, channel.Closed);
        try
        {
            var launch = JsonSerializer.Deserialize<ReplicaLaunch>(await File.ReadAllTextAsync(launchPath, stop.Token), WorkerJson.Options)
                ?? throw new InvalidDataException($"{launchPath} is empty.");
            using var model = await EngineModel.LoadAsync(launch.Spec, stop.Token);
            await using var host = await ReplicaHost.StartAsync(model, launch.SocketPath, stop.Token);
            channel.Send(new WorkerMessage { Ready = new ReplicaReady(launch.SocketPath, model.AddonHashes) });
            await EngineFigures.SendAsync(() => model.Figures, figures => channel.Send(new WorkerMessage { Figures = figures }), TimeProvider.System, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await Console.Error.WriteLineAsync(e.ToString());
            channel.Send(new WorkerMessage { Failed = e.Message });
            return 1;
        }
    }
}
