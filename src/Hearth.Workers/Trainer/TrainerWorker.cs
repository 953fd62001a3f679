using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>A trainer process: reads its specification, trains, sends progress, and says how it ended.</summary>
public static class TrainerWorker
{
    /// <summary>Runs the job; the process's exit code is the result.</summary>
    public static async Task<int> RunAsync(string specificationPath, CancellationToken cancellationToken)
    {
        using var channel = WorkerChannel.Open();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, channel.Closed);
        try
        {
            await using var file = File.OpenRead(specificationPath);
            var spec = await JsonSerializer.DeserializeAsync<TrainerSpec>(file, WorkerJson.Options, stop.Token)
                ?? throw new InvalidDataException($"{specificationPath} is empty.");
            var adapter = SupervisedJob.Run(spec, progress => channel.Send(new WorkerMessage { Progress = progress }), stop.Token);
            channel.Send(new WorkerMessage { Completed = adapter });
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 0; // Whoever asked this process to end expects no word of it.
        }
        catch (IOException e) when (DiskSpace.IsFull(e))
        {
            await Console.Error.WriteLineAsync(e.ToString());
            channel.Send(new WorkerMessage { DiskFull = true });
            return 1;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            await Console.Error.WriteLineAsync(e.ToString());
            channel.Send(new WorkerMessage { Failed = e.Message });
            return 1;
        }
    }
}
