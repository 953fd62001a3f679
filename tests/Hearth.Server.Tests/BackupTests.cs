using Xunit;

namespace Hearth.Server.Tests;

/// <summary><c>hearth backup</c> and <c>hearth restore</c>, below the command line.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-backup-");

    private string Data => Path.Combine(_folder.FullName, "data");
    private string Copy => Path.Combine(_folder.FullName, "copy");
    private string Apart => Path.Combine(_folder.FullName, "apart");
    private string Restored => Path.Combine(_folder.FullName, "restored");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_restored_server_has_the_resources_of_the_one_that_was_written_to_meanwhile()
    {
        Dictionary<string, string> before;
        await using (var server = await TestServer.StartAsync(Data))
        {
            await FillAsync(server);
            before = await ShowAsync(server);
            using var stop = new CancellationTokenSource();
            var writing = Task.Run(async () =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    await server.AddDatasetAsync($"more{i}");
                    if (i % 2 == 0) await server.Client.DeleteDatasetAsync($"more{i}");
                }
            });
            var manifest = Backup.Take(Data, Copy, TimeProvider.System, default);
            await stop.CancelAsync();
            await writing;
            Assert.True(manifest.Files >= 4, $"{manifest.Files} files");
        }
        Restore.Run(Copy, Restored, default);
        KeepKeysApart();
        Directory.Delete(Data, recursive: true); // nothing of the old place is needed
        PutKeysBack();
        await using var again = await TestServer.StartAsync(Restored);
        var after = await ShowAsync(again);
        foreach (var (address, resource) in before) Assert.Equal(resource, after[address]);
        await again.AddDatasetAsync("new");
        Assert.Equal(200, (await again.GetAsync("/hearth/v1/accounts/local/datasets/rows/report")).Status);
        await again.Client.CreateDeploymentAsync(new() { BaseModel = "accounts/local/models/tuned" }, "tuned");
        var adapter = Assert.Single((await again.AssignmentOfAsync("accounts/local/deployments/tuned")).Replica!.Addons).AdapterPath;
        Assert.StartsWith(Restored, adapter);
        Assert.Equal("adapter", await File.ReadAllTextAsync(Path.Combine(adapter, "adapter_model.safetensors")));
    }

    [Fact]
    public async Task Keys_are_not_in_a_backup_and_without_them_a_server_with_secrets_does_not_start()
    {
        await using (var server = await TestServer.StartAsync(Data))
        {
            await server.PostAsync("/v1/accounts/local/secrets", """{"name":"token","keyName":"TOKEN","value":"very hidden"}""");
            Backup.Take(Data, Copy, TimeProvider.System, default);
        }
        Assert.Equal(["backup.json", "hearth.db"], Directory.EnumerateFiles(Copy, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order());
        KeepKeysApart();
        Restore.Run(Copy, Restored, default);
        await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(Restored));
        PutKeysBack();
        await using var again = await TestServer.StartAsync(Restored);
        Assert.Equal(200, (await again.GetAsync("/v1/accounts/local/secrets/token")).Status);
    }

    [Fact]
    public async Task Nothing_is_overwritten_and_damage_is_found()
    {
        Assert.Contains("no server's data directory", Refusal(() => Backup.Take(Data, Copy, TimeProvider.System, default)));
        await using (var server = await TestServer.StartAsync(Data)) await server.AddDatasetAsync("rows");
        Backup.Take(Data, Copy, TimeProvider.System, default);
        Assert.Contains("is not empty", Refusal(() => Backup.Take(Data, Copy, TimeProvider.System, default)));
        Assert.Contains("is not empty", Refusal(() => Restore.Run(Copy, Data, default)));
        var blob = Directory.EnumerateFiles(Path.Combine(Copy, "blobs"), "*", SearchOption.AllDirectories).First();
        await File.AppendAllTextAsync(blob, "x");
        Assert.Contains("other bytes than its name says", Refusal(() => Restore.Run(Copy, Restored, default)));
        Assert.False(File.Exists(Path.Combine(Restored, "hearth.db")));
        File.Delete(blob);
        Assert.Contains("has no blob", Refusal(() => Restore.Run(Copy, Path.Combine(_folder.FullName, "other"), default)));
        File.Delete(Path.Combine(Copy, BackupManifest.FileName));
        Assert.Contains("no backup, or one that was cut off", Refusal(() => Restore.Run(Copy, Path.Combine(_folder.FullName, "third"), default)));
    }

    private void KeepKeysApart()
    {
        Directory.CreateDirectory(Path.Combine(Apart, "keys"));
        foreach (var file in new[] { "credentials", Path.Combine("keys", "master") }) File.Copy(Path.Combine(Data, file), Path.Combine(Apart, file));
    }

    private static async Task FillAsync(TestServer server)
    {
        await server.AddDatasetAsync("rows");
        await server.Client.CreateDatasetAsync("empty");
        await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "tuned" }, "job");
        await server.TrainAsync("accounts/local/supervisedFineTuningJobs/job");
        await server.Client.CreateDeploymentAsync(new() { BaseModel = TestServer.Base, MaxReplicaCount = 0 }, "parked");
        await server.PostAsync("/v1/accounts/local/secrets", """{"name":"token","keyName":"TOKEN","value":"very hidden"}""");
    }

    /// <summary>Resources as a server shows them, its own address left out.</summary>
    private static async Task<Dictionary<string, string>> ShowAsync(TestServer server)
    {
        var shown = new Dictionary<string, string>();
        foreach (var name in new[] { "datasets/rows", "datasets/empty", "supervisedFineTuningJobs/job", "models/tuned", "deployments/parked", "secrets/token" })
            shown[name] = (await server.GetAsync($"/v1/accounts/local/{name}")).Body.GetRawText().Replace(server.Server.Url, "");
        return shown;
    }

    /// <summary>What an operator keeps apart from the backups.</summary>
    private void PutKeysBack()
    {
        Directory.CreateDirectory(Path.Combine(Restored, "keys"));
        foreach (var file in new[] { "credentials", Path.Combine("keys", "master") }) File.Copy(Path.Combine(Apart, file), Path.Combine(Restored, file), overwrite: true);
    }

    private static string Refusal(Action work) => Assert.Throws<InvalidOperationException>(work).Message;
}
