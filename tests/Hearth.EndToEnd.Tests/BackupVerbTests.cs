using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary><c>hearth backup</c> beside a running server, <c>hearth restore</c>, and a server on what was restored.</summary>
public sealed class BackupVerbTests
{
    [Fact]
    public async Task A_backup_of_a_running_server_becomes_another_servers_data()
    {
        await using var server = await RunningServer.StartAsync();
        await server.UploadAsync("rows", TrainedRows.JsonLines(8));
        var copy = Path.Combine(server.Folder, "copy");
        using var taken = JsonDocument.Parse(await RunAsync(0, "backup", copy, "--data-dir", server.DataDirectory, "--output", "json"));
        Assert.True(taken.RootElement.GetProperty("files").GetInt32() >= 2);
        Assert.Contains("is not empty", await RunAsync(1, "backup", copy, "--data-dir", server.DataDirectory));
        Assert.Contains("is not empty", await RunAsync(1, "restore", copy, "--data-dir", server.DataDirectory));

        var folder = Directory.CreateTempSubdirectory("hearth-e2e-").FullName;
        var data = Path.Combine(folder, "data");
        Assert.Contains("Put keys/master back", await RunAsync(0, "restore", copy, "--data-dir", data));
        File.Copy(Path.Combine(server.DataDirectory, "credentials"), Path.Combine(data, "credentials"));
        await using (var second = await RunningServer.StartAsync(folder))
        {
            var (first, restored) = (await server.Client.GetDatasetAsync("rows"), await second.Client.GetDatasetAsync("rows"));
            Assert.Equal((first.State, first.ExampleCount, first.CreateTime), (restored.State, restored.ExampleCount, restored.CreateTime));
        }
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> RunAsync(int code, params string[] arguments)
    {
        using var program = RunningServer.Launch(arguments);
        program.StandardInput.Close();
        var errors = program.StandardError.ReadToEndAsync();
        var output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.True(program.ExitCode == code, $"hearth {string.Join(' ', arguments)} ended with {program.ExitCode}: {await errors}{output}");
        return output + await errors;
    }
}
