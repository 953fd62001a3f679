using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Hearth.Client;
using Hearth.Contracts;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The real program, started as users start it: <c>hearth serve --port 0 --data-dir D --ready-file F</c>.</summary>
public sealed class RunningServer : IAsyncDisposable
{
    /// <summary>Longer than any healthy step of these tests takes on a busy machine; reaching it is a failure.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>The embedded model.</summary>
    public const string BaseModel = "accounts/fireworks/models/hearth-tiny";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly bool ownsFolder;

    private RunningServer(Process process, string folder, bool ownsFolder)
    {
        this.process = process;
        this.ownsFolder = ownsFolder;
        Folder = folder;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Folder { get; }

    public string DataDirectory => Path.Combine(Folder, "data");

    public int ProcessId => process.Id;

    public Uri Url { get; private set; } = new("http://localhost");

    public string AdminKey { get; private set; } = "";

    /// <summary>It may ask models and nothing else.</summary>
    public string LimitedKey { get; private set; } = "";

    public HearthClient Client { get; private set; } = null!;

    /// <summary>What the server has printed.</summary>
    public string Output
    {
        get
        {
            lock (output) return output.ToString();
        }
    }

    /// <summary>Starts the program with some arguments, its outputs and input redirected.</summary>
    public static Process Launch(params string[] arguments) => Launch(arguments, null);

    /// <param name="byExecutable">By the program's own executable, not by <c>dotnet</c>.</param>
    public static Process Launch(string[] arguments, IReadOnlyDictionary<string, string>? environment, bool byExecutable = false)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "hearth");
        var start = new ProcessStartInfo(byExecutable ? program : "dotnet", byExecutable ? arguments : ["exec", program + ".dll", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Starts a server in a new folder, or in one that an earlier server has left.</summary>
    public static Task<RunningServer> StartAsync(string? folder = null, params string[] more) => StartAsync(null, folder, more);

    /// <summary>Starts a server with variables of its own.</summary>
    public static Task<RunningServer> StartAsync(IReadOnlyDictionary<string, string>? environment, string? folder = null, params string[] more) =>
        StartAsync(byExecutable: false, environment, folder, more);

    /// <summary>Starts a server as <see cref="Launch(string[], IReadOnlyDictionary{string, string}?, bool)"/> does.</summary>
    public static async Task<RunningServer> StartAsync(bool byExecutable, IReadOnlyDictionary<string, string>? environment, string? folder = null, params string[] more)
    {
        var owns = folder is null;
        folder ??= Directory.CreateTempSubdirectory("hearth-e2e-").FullName;
        var ready = Path.Combine(folder, "ready.json");
        File.Delete(ready);
        var server = new RunningServer(
            Launch(["serve", "--port", "0", "--data-dir", Path.Combine(folder, "data"), "--ready-file", ready, .. more], environment, byExecutable), folder, owns);
        await UntilAsync(() => File.Exists(ready) || server.process.HasExited, "the server to be ready");
        Assert.True(File.Exists(ready), $"The server ended instead of starting:\n{server.Output}");
        using var file = JsonDocument.Parse(File.ReadAllBytes(ready));
        server.Url = new Uri(file.RootElement.GetProperty("url").GetString()!);
        server.AdminKey = file.RootElement.GetProperty("adminKey").GetString()!;
        server.LimitedKey = file.RootElement.GetProperty("limitedKey").GetString()!;
        server.Client = new HearthClient(server.Url.ToString(), file.RootElement.GetProperty("account").GetString()!, server.AdminKey);
        return server;
    }

    /// <summary>Waits for a condition that other processes bring about.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(20))
            if (clock.Elapsed > Patience) throw new TimeoutException($"Waited {Patience.TotalSeconds} s for {what}.");
    }

    /// <summary>Ids of this server's worker processes that were started with a verb.</summary>
    public IReadOnlyList<int> Workers(string verb) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!))
            .Where(id => CommandLine(id) is var line && line.Contains(verb, StringComparison.Ordinal) && line.Contains(Folder, StringComparison.Ordinal))];

    public static bool IsRunning(int processId) => CommandLine(processId).Length > 0;

    public Task UploadAsync(string id, string jsonLines) => UploadAsync(id, new MemoryStream(Encoding.UTF8.GetBytes(jsonLines)));

    private async Task UploadAsync(string id, MemoryStream content)
    {
        await Client.CreateDatasetAsync(id);
        await Client.UploadDatasetAsync(id, content, id + ".jsonl");
    }

    /// <summary>Deploys the embedded model and returns the deployment's name.</summary>
    public async Task<string> DeployBaseAsync(string id = "base")
    {
        await Client.CreateDeploymentAsync(new DeploymentParam { BaseModel = BaseModel, EnableAddons = true, MinReplicaCount = 1 }, id);
        return (await Client.WaitForDeploymentAsync(id, PollInterval).WaitAsync(Patience)).Name;
    }

    public async Task<SupervisedFineTuningJob> WaitForJobAsync(string id)
    {
        using var patience = new CancellationTokenSource(Patience);
        return await Client.WatchSupervisedJobAsync(id, PollInterval, patience.Token).LastAsync(patience.Token);
    }

    public Task<DeployedModel> WaitForAddonAsync(string name) =>
        Client.WaitForAddonAsync(name, PollInterval).WaitAsync(Patience);

    public static ChatCompletionRequest Question(string model, string text) => new()
    {
        Model = model,
        Messages = JsonSerializer.SerializeToElement(new[] { new { role = "user", content = text } }),
        Temperature = 0,
        MaxTokens = 24,
    };

    /// <summary>The operator's metrics and the account's.</summary>
    public async Task<string> MetricsAsync()
    {
        using var http = new HttpClient { BaseAddress = Url, DefaultRequestHeaders = { Authorization = new("Bearer", AdminKey) } };
        return await http.GetStringAsync("/metrics") + await http.GetStringAsync("/v1/accounts/local/metrics");
    }

    /// <summary>Asks the server to end and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var terminate = Process.Start("kill", ["-TERM", process.Id.ToString()]);
        await terminate.WaitForExitAsync();
        await process.WaitForExitAsync().WaitAsync(Patience);
        return process.ExitCode;
    }

    /// <summary>Kills the server as a crash would.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (!process.HasExited) await TerminateAsync();
        process.Dispose();
        if (ownsFolder) Directory.Delete(Folder, recursive: true);
    }

    private static string CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private void Keep(string? line)
    {
        lock (output) output.AppendLine(line);
    }
}
