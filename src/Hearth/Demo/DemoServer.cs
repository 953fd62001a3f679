using System.Diagnostics;
using Hearth.Cli;

namespace Hearth;

/// <summary>The demo's server: <c>hearth serve</c> in a process of its own, started as every user and test starts it.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    /// <summary>A start takes a second or two; this is for machines that are busy building something else.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(20);

    private readonly Process process;
    private readonly string logPath;

    private DemoServer(Process process, string logPath)
    {
        this.process = process;
        this.logPath = logPath;
    }

    public ReadyFile Ready { get; private set; } = new("", "", "");

    public int ProcessId => process.Id;

    /// <summary>Starts a server below <paramref name="folder"/> and waits until it answers.</summary>
    public static async Task<DemoServer> StartAsync(string folder, string? baseModelPath, CancellationToken cancellationToken)
    {
        var readyPath = Path.Combine(folder, "ready.json");
        var logPath = Path.Combine(folder, "server.log");
        var server = new DemoServer(Launch(folder, readyPath, logPath, baseModelPath), logPath);
        try
        {
            await server.WaitAsync(readyPath, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the server to end and waits until it has; its workers end with it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Signals.Terminate(process.Id);
            using var patience = new CancellationTokenSource(StopGrace);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        process.Dispose();
    }

    // A shell between us and the server gives it a log file, and makes it deaf to Ctrl-C and a closed terminal: those are for the demo, which
    // then ends the server, or leaves it where it is to be kept.
    private static Process Launch(string folder, string readyPath, string logPath, string? baseModelPath)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        string[] arguments =
        [
            Environment.ProcessPath ?? "dotnet", "exec", typeof(DemoServer).Assembly.Location,
            "serve", "--port", "0", "--data-dir", Path.Combine(folder, "data"), "--ready-file", readyPath,
            .. baseModelPath is null ? Array.Empty<string>() : ["--model", $"{DemoRecipe.OwnName}={baseModelPath}"],
        ];
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; trap '' INT HUP; exec \"$@\" >\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(logPath);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start) ?? throw new CliException("The server process did not start.", ExitCodes.Unavailable);
    }

    private async Task WaitAsync(string readyPath, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(readyPath))
        {
            if (process.HasExited) throw new CliException($"The server ended with exit code {process.ExitCode}:\n{LogTail()}", ExitCodes.Unavailable);
            if (clock.Elapsed > Patience)
                throw new CliException($"The server was not ready after {Patience.TotalSeconds:F0} s. Its log:\n{LogTail()}", ExitCodes.Unavailable);
            await Task.Delay(20, cancellationToken);
        }
        Ready = ReadyFile.Read(readyPath);
    }

    private string LogTail() => File.Exists(logPath) ? string.Join('\n', File.ReadLines(logPath).TakeLast(20)) : "(no log)";
}
