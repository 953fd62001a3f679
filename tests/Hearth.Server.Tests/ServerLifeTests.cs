using System.Text.Json;
using Hearth.Client;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>First start, restart, the lock on the data directory, keys, audit.</summary>
public sealed class ServerLifeTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-life-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_second_server_on_the_directory_is_refused_with_the_pid()
    {
        await using var server = await TestServer.StartAsync(_directory);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => HearthServer.CreateAsync(new() { DataDirectory = _directory, Port = 0 }));
        Assert.Contains($"pid {Environment.ProcessId}", refused.Message);
    }

    [Fact]
    public async Task The_first_start_makes_one_admin_key_and_keeps_it_private()
    {
        string key;
        await using (var server = await TestServer.StartAsync(_directory))
        {
            key = server.Server.AdminKey!;
            Assert.True(server.Server.IsFirstStart);
            Assert.Matches("^fw_[0-9a-f]{64}$", key);
            Assert.StartsWith("http://localhost:", server.Server.Url);
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.Server.CredentialsPath));
            var stored = Assert.Single((await server.GetAsync("/v1/accounts/local/users/admin/apiKeys")).Body.GetProperty("apiKeys").EnumerateArray());
            Assert.Equal((key[..8], ""), (stored.GetProperty("prefix").GetString(), stored.GetProperty("key").GetString()));
        }
        foreach (var file in Directory.EnumerateFiles(_directory, "hearth.db*")) Assert.DoesNotContain(key, System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file)));
        await using var again = await TestServer.StartAsync(_directory);
        Assert.False(again.Server.IsFirstStart);
        Assert.Equal(key, again.Server.AdminKey);
    }

    [Fact]
    public async Task A_restart_finds_everything_and_trusts_no_old_process()
    {
        long trainer, replica;
        const string job = "accounts/local/supervisedFineTuningJobs/job", serve = "accounts/local/deployments/serve";
        await using (var server = await TestServer.StartAsync(_directory))
        {
            await server.AddDatasetAsync("rows");
            await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "job");
            await server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
            await server.ServeAsync(serve);
            trainer = (await server.AssignmentOfAsync(job)).Epoch;
            replica = (await server.AssignmentOfAsync(serve)).Epoch;
        }
        await using var again = await TestServer.StartAsync(_directory);
        Assert.Equal(UploadState.READY, (await again.Client.GetDatasetAsync("rows")).State);
        Assert.Equal(JobState.JOB_STATE_RE_QUEUEING, (await again.Client.GetSupervisedJobAsync("job")).State);
        Assert.Equal(DeploymentState.UPDATING, (await again.Client.GetDeploymentAsync("serve")).State);
        Assert.Equal(503, (await Assert.ThrowsAsync<HearthApiException>(() => again.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")))).Status);
        Assert.False(await again.Reports.JobFailedAsync(job, trainer, "too late", default));
        Assert.False(await again.Reports.ReplicaReadyAsync(serve, replica, "old", [], default));
        await again.ServeAsync(serve);
        await again.TrainAsync(job);
        await again.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.Equal(JobState.JOB_STATE_COMPLETED, (await again.Client.GetSupervisedJobAsync("job")).State);
    }

    [Fact]
    public async Task Half_written_files_of_an_earlier_process_are_cleared()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "tmp", "folder"));
        File.WriteAllText(Path.Combine(_directory, "tmp", "half"), "x");
        await using var server = await TestServer.StartAsync(_directory);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Directory, "tmp")));
    }

    [Fact]
    public async Task Bytes_that_no_row_names_are_swept_after_a_day()
    {
        await using (var server = await TestServer.StartAsync(_directory)) await server.AddDatasetAsync("rows");
        var old = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "blobs", "ab")).FullName, "ab" + new string('0', 62));
        var fresh = Path.Combine(_directory, "blobs", "ab", "ab" + new string('1', 62));
        foreach (var file in new[] { old, fresh }) File.WriteAllText(file, "x");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_directory, "blobs"), "*", SearchOption.AllDirectories).Where(file => file != fresh))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-25));
        var ghost = Directory.CreateDirectory(Path.Combine(_directory, "runs", "local", "supervisedFineTuningJobs", "ghost")).FullName; // a job whose creation was cut off
        Directory.SetLastWriteTimeUtc(ghost, DateTime.UtcNow.AddHours(-25));
        await using var again = await TestServer.StartAsync(_directory);
        Assert.False(Directory.Exists(ghost));
        Assert.False(File.Exists(old));
        Assert.True(File.Exists(fresh));
        Assert.Equal(3, Directory.GetFiles(Path.Combine(_directory, "blobs"), "*", SearchOption.AllDirectories).Length); // and the dataset's two
        Assert.Equal("sweep", Assert.Single(await again.Store.ListDueAsync(DateTimeOffset.UtcNow.AddDays(2), 10, default)).Kind); // and again tomorrow
    }

    [Fact]
    public async Task Listening_beyond_loopback_needs_saying_so()
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => HearthServer.CreateAsync(new() { DataDirectory = _directory, Host = "0.0.0.0", Port = 0 }));
        Assert.Contains("--insecure-http", refused.Message);
    }

    [Fact]
    public async Task A_deleted_key_ends_at_once_and_an_expired_one_in_time()
    {
        var clock = new ManualClock();
        await using var server = await TestServer.StartAsync(_directory, clock);
        var lasting = await server.Client.CreateApiKeyAsync("admin", "lasting");
        var (_, expiring) = await server.PostAsync("/v1/accounts/local/users/admin/apiKeys",
            $$"""{"apiKey":{"displayName":"short","expireTime":"{{clock.GetUtcNow().AddHours(1):O}}"} }""");
        using var first = server.NewHttp(lasting.Key);
        using var second = server.NewHttp(expiring.GetProperty("key").GetString());
        Assert.Equal((200, 200), (await StatusAsync(server, first), await StatusAsync(server, second)));
        await server.Client.DeleteApiKeyAsync("admin", lasting.KeyId);
        Assert.Equal((401, 200), (await StatusAsync(server, first), await StatusAsync(server, second)));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(401, await StatusAsync(server, second));
        Assert.Equal(400, (await server.PostAsync("/v1/accounts/local/users/admin/apiKeys", """{"apiKey":{"expireTime":"2020-01-01T00:00:00Z"}}""")).Status);
    }

    [Fact]
    public async Task A_changed_role_holds_from_the_next_request_on()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.PostAsync("/v1/accounts/local/users?userId=alice", """{"role":"user","email":"alice@example.com"}""");
        using var http = server.NewHttp((await server.Client.CreateApiKeyAsync("alice", "laptop")).Key);
        for (var turn = 0; turn < 20; turn++)
        {
            var (role, expected) = turn % 2 == 0 ? ("inference-user", 403) : ("user", 200);
            Assert.Equal(200, await StatusAsync(server, http)); // its key is known now
            await server.SendAsync(HttpMethod.Patch, "/v1/accounts/local/users/alice", $$"""{"role":"{{role}}"}""");
            Assert.Equal(expected, (await server.SendAsync(HttpMethod.Post, "/v1/accounts/local/datasets", $$"""{"datasetId":"d{{turn}}","dataset":{} }""", http)).Status);
        }
    }

    [Fact]
    public async Task Every_mutation_leaves_an_audit_entry_in_its_transaction()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "job");
        await server.Client.CancelSupervisedJobAsync("job");
        await server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/datasets/absent");
        await server.Client.DeleteDatasetAsync("rows");
        var entries = (await server.Store.ListAuditAsync(new AuditQuery("local"), default)).Reverse().ToList();
        Assert.Equal(
            ["datasets.create", "datasets.upload", "supervisedFineTuningJobs.create", "supervisedFineTuningJobs.cancel", "datasets.delete"], entries.Select(entry => entry.Method));
        Assert.All(entries, entry => Assert.Equal(("admin@localhost", 16), (entry.Principal, entry.KeyId.Length)));
    }

    [Fact]
    public async Task A_wandb_key_is_never_kept_or_returned()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        var (_, job) = await server.PostAsync("/v1/accounts/local/supervisedFineTuningJobs",
            """{"dataset":"rows","baseModel":"tiny","wandbConfig":{"enabled":false,"apiKey":"canary-key","project":"p"}}""");
        Assert.Equal("p", job.GetProperty("wandbConfig").GetProperty("project").GetString());
        Assert.DoesNotContain("canary-key", job.ToString());
        var row = await server.Store.GetAsync(job.GetProperty("name").GetString()!, default);
        Assert.DoesNotContain("canary-key", row!.Json);
    }

    [Fact]
    public async Task A_route_without_a_permission_does_not_start()
    {
        var app = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder().Build();
        Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/open", context => Task.CompletedTask);
        Assert.Contains("/open", Assert.Throws<InvalidOperationException>(() => HearthServer.RequirePermissions(app)).Message);
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Importing_a_base_model_probes_it_and_shows_it_in_the_catalogue()
    {
        await using var server = await TestServer.StartAsync(_directory, configure: services => services.AddSingleton<IModelProbe, OneModelProbe>());
        var model = await server.Client.ImportBaseModelAsync("mine", "/models/mine");
        Assert.Equal(("accounts/fireworks/models/mine", 77, true), (model.Name, model.ContextLength, model.Tunable));
        Assert.DoesNotContain("/models/mine", JsonSerializer.Serialize(model).Replace("accounts/fireworks/models/mine", ""));
        var refused = await Assert.ThrowsAsync<HearthApiException>(() => server.Client.ImportBaseModelAsync("bad", "/models/bad"));
        Assert.Equal(400, refused.Status);
        var names = new List<string>();
        await foreach (var one in server.Client.ListAsync<Model>("models", account: "fireworks")) names.Add(one.Name);
        Assert.Equal(["accounts/fireworks/models/mine", "accounts/fireworks/models/tiny"], names);
    }

    private static async Task<int> StatusAsync(TestServer server, HttpClient http) => (await server.SendAsync(HttpMethod.Get, "/v1/accounts/local", http: http)).Status;

    private sealed class OneModelProbe : IModelProbe
    {
        public ValueTask<ModelFacts> ProbeAsync(string path, CancellationToken cancellationToken) => path == "/models/mine"
            ? new(TestServer.Facts with { ContextLength = 77 })
            : throw HearthException.Invalid("The folder has no config.json. Give a Hugging Face folder or a GGUF file.");
    }

    [Fact]
    public async Task A_node_that_lost_its_lease_gets_its_work_back_with_higher_epochs()
    {
        var clock = new ManualClock();
        await using var server = await TestServer.StartAsync(_directory, clock);
        await server.AddDatasetAsync("rows");
        await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "job");
        var lease = server.Server.Services.GetRequiredService<INodeLease>();
        var job = "accounts/local/supervisedFineTuningJobs/job";
        var first = (await server.AssignmentOfAsync(job)).Epoch;
        Assert.True(await lease.TakeAsync(default));
        Assert.Equal(first, (await server.AssignmentOfAsync(job)).Epoch);
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.True(await lease.RenewAsync(default));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.False(await lease.RenewAsync(default));
        Assert.True(await lease.TakeAsync(default));
        Assert.True((await server.AssignmentOfAsync(job)).Epoch > first);
        Assert.False(await server.Reports.JobFailedAsync(job, first, "too late", default));
        Assert.Equal(JobState.JOB_STATE_RE_QUEUEING, (await server.Client.GetSupervisedJobAsync("job")).State);
    }
}
