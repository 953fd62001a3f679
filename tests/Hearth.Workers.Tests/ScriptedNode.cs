using System.Text.Json;
using System.Threading.Channels;
using Hearth.ControlPlane;

namespace Hearth.Workers.Tests;

/// <summary>A node agent over scripted workers, with assignments and reports in the test's hands and a folder of its own.</summary>
internal sealed class ScriptedNode : IAssignments, INodeReports, IAsyncDisposable
{
    /// <summary>Longer than any healthy step of these tests takes on a busy machine; reaching it is a failure.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource stop = new();
    private readonly Channel<bool> changes = Channel.CreateUnbounded<bool>();
    private readonly Channel<string> reports = Channel.CreateUnbounded<string>();
    private readonly Task running;
    private IReadOnlyList<Assignment> assignments = [];

    public ScriptedNode(INodeLease? lease = null)
    {
        Folder = Directory.CreateTempSubdirectory("hearth-test-").FullName;
        var options = NodeAgentOptions.ForDataDirectory(Folder) with { FirstBackOff = TimeSpan.FromMilliseconds(20) };
        running = new NodeAgent(this, this, Program, options, lease: lease).RunAsync(stop.Token);
    }

    public static WorkerProgram Program { get; } =
        new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Hearth.ScriptedWorker.dll")]);

    public string Folder { get; }

    /// <summary>The lowest epoch that reports are taken from.</summary>
    public long CurrentEpoch { get; set; }

    public string Socket { get; private set; } = "";

    public void Assign(params Assignment[] desired)
    {
        assignments = desired;
        changes.Writer.TryWrite(true);
    }

    public Assignment Trainer(string script, long epoch = 1, string job = "j") => new(
        AssignmentKind.Trainer, $"accounts/a/supervisedFineTuningJobs/{job}", epoch, TrainerSpec(WriteScript($"{job}{epoch}", script), job), null);

    public Assignment Replica(string script, long epoch = 1) => new(
        AssignmentKind.Replica, "accounts/a/deployments/d", epoch, null,
        new ReplicaSpec { ModelPath = WriteScript($"d{epoch}", script), ModelName = $"epoch {epoch}" });

    /// <summary>Writes a trainer's specification and returns its path.</summary>
    public string WriteSpec(string script)
    {
        var path = Path.Combine(Folder, "spec.json");
        File.WriteAllText(path, JsonSerializer.Serialize(TrainerSpec(WriteScript("spec", script), "spec"), WorkerJson.Options));
        return path;
    }

    public string ScriptPath(string name) => Path.Combine(Folder, name + ".script");

    /// <summary>The next report, as a line.</summary>
    public async Task<string> NextReportAsync() => await reports.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Completes when the process has gone.</summary>
    public static async Task GoneAsync(int processId)
    {
        for (var deadline = DateTime.UtcNow + Patience; Directory.Exists($"/proc/{processId}") && !IsZombie(processId); await Task.Delay(10))
            if (DateTime.UtcNow > deadline) throw new TimeoutException($"Process {processId} is still there.");
    }

    /// <summary>Completes when the file is there.</summary>
    public static async Task AppearsAsync(string path)
    {
        for (var deadline = DateTime.UtcNow + Patience; !File.Exists(path); await Task.Delay(10))
            if (DateTime.UtcNow > deadline) throw new TimeoutException($"{path} did not appear.");
    }

    /// <summary>Ids of the scripted workers that run with this node's files.</summary>
    public IReadOnlyList<int> WorkerIds() =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!))
            .Where(id => CommandLine(id).Contains(Folder, StringComparison.Ordinal) && !IsZombie(id))];

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
        Directory.Delete(Folder, recursive: true);
    }

    ValueTask<IReadOnlyList<Assignment>> IAssignments.ListAsync(CancellationToken cancellationToken) => new(assignments);

    async ValueTask IAssignments.WaitForChangeAsync(CancellationToken cancellationToken) =>
        await Task.WhenAny(changes.Reader.ReadAsync(cancellationToken).AsTask(), Task.Delay(50, cancellationToken));

    public ValueTask<bool> JobProgressAsync(string job, long epoch, JobProgress progress, CancellationToken cancellationToken) =>
        Take(epoch, $"progress {progress.Step}");

    public ValueTask<bool> JobCompletedAsync(string job, long epoch, TrainedAdapter adapter, CancellationToken cancellationToken) =>
        Take(epoch, $"completed {adapter.Folder}");

    public ValueTask<bool> JobFailedAsync(string job, long epoch, string reason, CancellationToken cancellationToken) =>
        Take(epoch, $"failed {reason}");

    public ValueTask<bool> JobCrashedAsync(string job, long epoch, string reason, CancellationToken cancellationToken) =>
        Take(epoch, $"crashed {reason}");

    public ValueTask<bool> JobStalledAsync(string job, long epoch, CancellationToken cancellationToken) => Take(epoch, "stalled");

    public ValueTask<bool> ReplicaReadyAsync(
        string deployment, long epoch, string socketPath, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken)
    {
        Socket = socketPath;
        return Take(epoch, $"ready {epoch}");
    }

    public ValueTask<bool> ReplicaFiguresAsync(string deployment, long epoch, string replica, ReplicaFigures figures, CancellationToken cancellationToken) =>
        Take(epoch, $"figures {figures.Running}");

    public ValueTask<bool> ReplicaExitedAsync(string deployment, long epoch, string reason, CancellationToken cancellationToken) =>
        Take(epoch, $"exited {reason}");

    private ValueTask<bool> Take(long epoch, string report)
    {
        var current = epoch >= CurrentEpoch;
        reports.Writer.TryWrite(current ? report : "refused " + report);
        return new(current);
    }

    private string WriteScript(string name, string script)
    {
        File.WriteAllText(ScriptPath(name), script);
        return ScriptPath(name);
    }

    private TrainerSpec TrainerSpec(string scriptPath, string job) => new()
    {
        BaseModelPath = "none",
        DatasetPath = scriptPath,
        RunFolder = Path.Combine(Folder, "runs", job),
        Epochs = 1,
        LearningRate = 1e-3,
        LoraRank = 8,
        MaxContextLength = 128,
        BatchSizeTokens = 1024,
    };

    private static string CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static bool IsZombie(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }
}
