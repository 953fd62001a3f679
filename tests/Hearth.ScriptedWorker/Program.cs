using System.Runtime.CompilerServices;
using System.Text.Json;
using Hearth.ControlPlane;
using Hearth.Workers;

// worker-trainer SPEC    plays the lines of the file that SPEC names as its data set
// worker-replica LAUNCH  plays the lines of the file that LAUNCH names as its model
// open-files FILE…       opens model files, says what is wrong with each, and at last the most memory that was resident
// parent SCRIPT          starts a trainer with that script, prints its process id, and waits for ever
switch (args[0])
{
    case WorkerProgram.TrainerVerb:
        {
            var spec = JsonSerializer.Deserialize<TrainerSpec>(File.ReadAllText(args[1]), WorkerJson.Options)!;
            return await Script.PlayAsync(spec.DatasetPath, null);
        }
    case WorkerProgram.ReplicaVerb:
        {
            var launch = JsonSerializer.Deserialize<ReplicaLaunch>(File.ReadAllText(args[1]), WorkerJson.Options)!;
            return await Script.PlayAsync(launch.Spec.ModelPath, launch);
        }
    case "parent":
        {
            var worker = WorkerProcess.Start(WorkerProgram.Current(Environment.GetCommandLineArgs()[0]), [WorkerProgram.TrainerVerb, args[1]]);
            Console.WriteLine(worker.Id);
            await worker.Exited;
            return 0;
        }
    case "open-files":
        return OpenFiles.Run(args[1..]);
    default:
        return 64;
}

/// <summary>A script is a line a deed.</summary>
internal static class Script
{
    public static async Task<int> PlayAsync(string path, ReplicaLaunch? launch)
    {
        using var channel = WorkerChannel.Open();
        ReplicaHost? host = null;
        foreach (var line in File.ReadAllLines(path))
        {
            var (verb, rest) = line.Split(' ', 2) is [var v, var r] ? (v, r) : (line, "");
            switch (verb)
            {
                case "progress":
                    channel.Send(new WorkerMessage { Progress = new JobProgress(int.Parse(rest), 10, 1.5, 100, 64, 0.5, 9) });
                    break;
                case "completed":
                    channel.Send(new WorkerMessage { Completed = new TrainedAdapter(rest, "hash", 10, 640, 0.5, 1) });
                    break;
                case "failed":
                    channel.Send(new WorkerMessage { Failed = rest });
                    break;
                case "disk-full":
                    channel.Send(new WorkerMessage { DiskFull = true });
                    break;
                case "log":
                    Console.Error.WriteLine(rest);
                    break;
                case "print":
                    Console.WriteLine(rest);
                    break;
                case "environment":
                    channel.Send(new WorkerMessage { Failed = Environment.GetEnvironmentVariable(rest) ?? "unset" });
                    break;
                case "oom-score":
                    channel.Send(new WorkerMessage { Failed = File.ReadAllText("/proc/self/oom_score_adj").Trim() });
                    break;
                case "die-once" when !File.Exists(path + ".died"):
                    File.WriteAllText(path + ".died", "");
                    return 3;
                case "serve":
                    host = await ReplicaHost.StartAsync(new EchoModel(launch!.Spec), launch.SocketPath, channel.Closed);
                    channel.Send(new WorkerMessage { Ready = new ReplicaReady(launch.SocketPath, ["hash"]) });
                    break;
                case "figures":
                    channel.Send(new WorkerMessage { Figures = new ReplicaFigures { Running = int.Parse(rest) } });
                    break;
                case "wait":
                    await Task.WhenAny(Task.Delay(Timeout.Infinite, channel.Closed));
                    break;
                case "deaf":
                    await Task.Delay(Timeout.Infinite);
                    break;
                case "exit":
                    return int.Parse(rest);
            }
        }
        if (host is not null) await host.DisposeAsync();
        return 0;
    }
}

/// <summary>Streams the prompt's words; some prompts make it refuse, die or wait.</summary>
internal sealed class EchoModel(ReplicaSpec spec) : IReplicaModel
{
    public IReadOnlyList<string> AddonHashes { get; private set; } = ["hash"];

    public Task SetAddonsAsync(IReadOnlyList<AddonSpec> wanted, CancellationToken cancellationToken)
    {
        if (wanted.FirstOrDefault(addon => addon.Hash == "broken") is { } broken) throw new InvalidDataException($"{broken.ModelName} is broken as asked");
        AddonHashes = [.. wanted.Select(addon => addon.Hash)];
        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(
        GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.Prompt == "refuse") throw new ReplicaRequestException("INVALID_ARGUMENT", "refused as asked");
        if (request.Prompt == "break") throw new InvalidOperationException("broken as asked");
        foreach (var word in (request.Prompt ?? spec.ModelName).Split(' '))
        {
            yield return new GenerationEvent { Text = word };
            if (word == "die") Environment.Exit(7);
            if (word == "wait") await WaitAsync(cancellationToken);
        }
        yield return new GenerationEvent { FinishReason = "stop", Usage = new GenerationUsage(1, 2, 0) };
    }

    /// <summary>Waits until the client leaves and leaves a trace of that.</summary>
    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAny(Task.Delay(Timeout.Infinite, cancellationToken));
        File.WriteAllText(spec.ModelPath + ".cancelled", "");
        cancellationToken.ThrowIfCancellationRequested();
    }
}
