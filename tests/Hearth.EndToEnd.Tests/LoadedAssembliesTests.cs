using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>A verb loads what it needs: workers no database and no control plane's server, clients neither (docs/runtime.md).</summary>
public sealed class LoadedAssembliesTests
{
    private static readonly string[] ServerOnly = ["Hearth.Server.dll", "Hearth.Storage.Sqlite.dll", "Microsoft.Data.Sqlite.dll"];

    [Fact]
    public async Task A_replica_loads_no_server_and_no_database()
    {
        await using var server = await RunningServer.StartAsync();
        await server.DeployBaseAsync();
        var loaded = Loaded(Assert.Single(server.Workers("worker-replica")));
        Assert.Contains("Hearth.Inference.dll", loaded);
        Assert.Empty(loaded.Intersect(ServerOnly));
        Assert.Contains("Hearth.Server.dll", Loaded(server.ProcessId));
        Assert.DoesNotContain("Hearth.Training.dll", Loaded(server.ProcessId));
    }

    [Fact]
    public async Task A_client_loads_no_server_no_engine_and_no_web_server()
    {
        await using var server = await RunningServer.StartAsync();
        var deployment = await server.DeployBaseAsync();
        using var client = RunningServer.Launch("chat", deployment, "--url", server.Url.ToString(), "--api-key", server.AdminKey);
        await client.StandardInput.WriteLineAsync("What is 3 + 4?");
        await client.StandardInput.FlushAsync();
        // Its answer has come, so all that a conversation needs is loaded; the client waits for the next line.
        Assert.NotNull(await client.StandardOutput.ReadLineAsync().WaitAsync(RunningServer.Patience));
        var loaded = Loaded(client.Id);
        client.StandardInput.Close();
        await client.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.Contains("Hearth.Client.dll", loaded);
        Assert.Empty(loaded.Intersect([.. ServerOnly, "Hearth.Workers.dll", "Hearth.Inference.dll", "Hearth.Training.dll", "Microsoft.AspNetCore.Server.Kestrel.Core.dll"]));
    }

    /// <summary>File names of the assemblies that a process has mapped.</summary>
    private static HashSet<string> Loaded(int processId) =>
        [.. File.ReadLines($"/proc/{processId}/maps").Select(line => Path.GetFileName(line)).Where(name => name.EndsWith(".dll", StringComparison.Ordinal))];
}
