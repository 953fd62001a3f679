using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Rule S4: what a stolen database, a changed row, a lost key and a rotation may and may not do.</summary>
public sealed class SecretsAtRestTests : IDisposable
{
    private const string Canary = "canary-4f1d0c7e-value", WandbCanary = "canary-wandb-99aa12";
    private const string Secrets = "/v1/accounts/local/secrets";
    private static readonly ResourceName First = ResourceName.Of("local", ResourceKind.Secrets, "first");

    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-secrets-").FullName;

    private string MasterPath => Path.Combine(_directory, "keys", "master");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_value_is_in_no_answer_no_file_and_no_log_and_code_can_open_it()
    {
        using var log = new LogCapture();
        var answers = new StringBuilder();
        await using (var server = await TestServer.StartAsync(_directory, configure: log.AddTo))
        {
            await AddAsync(server, "first", Canary);
            await server.AddDatasetAsync("rows");
            answers.Append((await server.PostAsync("/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=job", $$$"""
                {"dataset":"rows","baseModel":"tiny","wandbConfig":{"enabled":false,"apiKey":"{{{WandbCanary}}}","project":"p"}}
                """)).Body);
            foreach (var address in new[] { Secrets, $"{Secrets}/first", "/v1/accounts/local/supervisedFineTuningJobs", "/v1/accounts/local/supervisedFineTuningJobs/job" })
                answers.Append((await server.GetAsync(address)).Body);
            answers.Append((await server.SendAsync(HttpMethod.Patch, $"{Secrets}/first", """{"keyName":"OTHER"}""")).Body);
            var job = ResourceName.Of("local", ResourceKind.SupervisedFineTuningJobs, "job");
            Assert.Equal(Canary, await OpenAsync(server, First));
            Assert.Equal(WandbCanary, await OpenAsync(server, ControlPlane.Secrets.OfOwner(job, TrainingJobs.WandbSecret)));
            Assert.Equal(1, (await server.GetAsync(Secrets)).Body.GetProperty("totalSize").GetInt32());
            AssertAbsent();
        }
        AssertAbsent();
        Assert.DoesNotContain("canary-", answers.ToString());
        Assert.DoesNotContain("canary-", log.Text);
        Assert.Contains("/v1/accounts/local/secrets", log.Text); // it did listen
    }

    [Fact]
    public async Task A_jobs_own_secret_goes_with_the_job()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        await server.PostAsync("/v1/accounts/local/supervisedFineTuningJobs?supervisedFineTuningJobId=job", """{"dataset":"rows","baseModel":"tiny","wandbConfig":{"enabled":false,"apiKey":"w"}}""");
        var name = ControlPlane.Secrets.OfOwner(ResourceName.Of("local", ResourceKind.SupervisedFineTuningJobs, "job"), TrainingJobs.WandbSecret);
        Assert.NotNull(await server.Store.GetAsync(name.Value, default));
        await server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/supervisedFineTuningJobs/job");
        Assert.Null(await server.Store.GetAsync(name.Value, default));
    }

    [Fact]
    public async Task Ciphertexts_that_changed_places_do_not_open()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await AddAsync(server, "first", "one");
        await AddAsync(server, "second", "two");
        await ReplaceAsync(server, "first", await JsonOfAsync(server, "second"));
        var refused = await Assert.ThrowsAsync<HearthException>(() => OpenAsync(server, First));
        Assert.Equal(ErrorCode.DataLoss, refused.Code);
        Assert.Equal("two", await OpenAsync(server, ResourceName.Of("local", ResourceKind.Secrets, "second")));
        await server.SendAsync(HttpMethod.Patch, $"{Secrets}/first", """{"value":"three"}""");
        Assert.Equal("three", await OpenAsync(server, First));
    }

    [Fact]
    public async Task A_changed_byte_or_version_does_not_open()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await AddAsync(server, "first", "one");
        var row = await JsonOfAsync(server, "first");
        var record = JsonSerializer.Deserialize<JsonElement>(row);
        var box = record.GetProperty("value").GetProperty("box").GetBytesFromBase64();
        box[14] ^= 1;
        await ReplaceAsync(server, "first", row.Replace(record.GetProperty("value").GetProperty("box").GetString()!, Convert.ToBase64String(box)));
        await Assert.ThrowsAsync<HearthException>(() => OpenAsync(server, First));
        await ReplaceAsync(server, "first", row.Replace("\"valueVersion\":1", "\"valueVersion\":2"));
        await Assert.ThrowsAsync<HearthException>(() => OpenAsync(server, First));
        await ReplaceAsync(server, "first", row);
        Assert.Equal("one", await OpenAsync(server, First));
    }

    [Fact]
    public async Task A_restart_opens_what_was_sealed_before()
    {
        await using (var server = await TestServer.StartAsync(_directory)) await AddAsync(server, "first", Canary);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(MasterPath));
        await using var again = await TestServer.StartAsync(_directory);
        Assert.Equal(Canary, await OpenAsync(again, First));
    }

    [Fact]
    public async Task A_missing_key_file_stops_the_start_and_is_never_made_anew()
    {
        await using (var server = await TestServer.StartAsync(_directory)) await AddAsync(server, "first", Canary);
        var key = File.ReadAllText(MasterPath);
        File.Delete(MasterPath);
        Assert.Contains("is missing", (await RefusedStartAsync()).Message);
        Assert.False(File.Exists(MasterPath));
        using (MakeKey(MasterPath)) Assert.Contains("does not open", (await RefusedStartAsync()).Message);
        WriteKey(MasterPath, key);
        await using var again = await TestServer.StartAsync(_directory);
        Assert.Equal(Canary, await OpenAsync(again, First));
    }

    [Fact]
    public async Task A_key_file_that_others_may_read_stops_the_start()
    {
        if (OperatingSystem.IsWindows()) return;
        await using (await TestServer.StartAsync(_directory)) { }
        File.SetUnixFileMode(MasterPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", (await RefusedStartAsync()).Message);
        File.SetUnixFileMode(MasterPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(MasterPath, "short");
        Assert.Contains("32 bytes", (await RefusedStartAsync()).Message);
    }

    [Fact]
    public async Task A_rotation_changes_the_key_and_no_value()
    {
        await using (var server = await TestServer.StartAsync(_directory)) await AddAsync(server, "first", Canary);
        var before = File.ReadAllText(MasterPath);
        var (rewrapped, _) = await MasterKeyRotation.RunAsync(_directory, null, null, TimeProvider.System, default);
        Assert.Equal(1, rewrapped);
        var after = File.ReadAllText(MasterPath);
        Assert.NotEqual(before, after);
        await using (var server = await TestServer.StartAsync(_directory)) Assert.Equal(Canary, await OpenAsync(server, First));
        WriteKey(MasterPath, before);
        Assert.Contains("does not open", (await RefusedStartAsync()).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rotation_cut_off_before_or_after_its_commit_is_undone_or_finished(bool committed)
    {
        await using (var server = await TestServer.StartAsync(_directory)) await AddAsync(server, "first", Canary);
        var before = File.ReadAllText(MasterPath);
        var file = MasterKeyFile.Of(_directory, null);
        var next = file.BeginRotation();
        if (committed)
        {
            await using var store = Storage.Sqlite.SqliteStore.Open(Path.Combine(_directory, "hearth.db"));
            await KeyRing.RewrapAsync(store, MasterKey.Read(MasterPath), next, DateTimeOffset.UnixEpoch, default);
        }
        await using var again = await TestServer.StartAsync(_directory);
        Assert.Equal(Canary, await OpenAsync(again, First));
        Assert.Equal(committed, before != File.ReadAllText(MasterPath));
        Assert.False(File.Exists(MasterPath + ".next"));
    }

    [Fact]
    public async Task The_operators_key_file_is_used_and_rotated_to_another_one()
    {
        using var first = MakeKey(_directory + ".first");
        using var second = MakeKey(_directory + ".second");
        await using (var server = await TestServer.StartAsync(_directory, masterKeyFile: first.Path)) await AddAsync(server, "first", Canary);
        Assert.False(File.Exists(MasterPath));
        await Assert.ThrowsAsync<InvalidOperationException>(() => MasterKeyRotation.RunAsync(_directory, first.Path, null, TimeProvider.System, default));
        await MasterKeyRotation.RunAsync(_directory, first.Path, second.Path, TimeProvider.System, default);
        Assert.Contains("does not open", (await RefusedStartAsync(first.Path)).Message);
        await using var again = await TestServer.StartAsync(_directory, masterKeyFile: second.Path);
        Assert.Equal(Canary, await OpenAsync(again, First));
    }

    private static async Task AddAsync(TestServer server, string id, string value) =>
        Assert.Equal(200, (await server.PostAsync(Secrets, $$"""{"name":"{{id}}","value":"{{value}}"}""")).Status);

    private static Task<string> OpenAsync(TestServer server, ResourceName name) => server.Server.Services.GetRequiredService<Secrets>().OpenAsync(name, default).AsTask();

    private static async Task<string> JsonOfAsync(TestServer server, string id) => (await server.Store.GetAsync($"accounts/local/secrets/{id}", default))!.Json;

    /// <summary>What somebody with the database file could do.</summary>
    private static async Task ReplaceAsync(TestServer server, string id, string json)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(server.Directory, "hearth.db")};Pooling=False");
        await connection.OpenAsync();
        var command = connection.CreateCommand();
        command.CommandText = "UPDATE resources SET json = $json WHERE name = $name";
        command.Parameters.AddWithValue("$json", json);
        command.Parameters.AddWithValue("$name", $"accounts/local/secrets/{id}");
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private Task<InvalidOperationException> RefusedStartAsync(string? masterKeyFile = null) => Assert.ThrowsAsync<InvalidOperationException>(
        () => HearthServer.CreateAsync(new() { DataDirectory = _directory, Port = 0, MasterKeyFile = masterKeyFile }));

    private void AssertAbsent()
    {
        foreach (var file in Directory.EnumerateFiles(_directory, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file) != "lock"))
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(open, Encoding.Latin1);
            Assert.DoesNotContain("canary-", reader.ReadToEnd());
        }
    }

    private static void WriteKey(string path, string key)
    {
        File.Delete(path);
        MasterKey.Create(path);
        File.WriteAllText(path, key);
    }

    private static KeyFile MakeKey(string path)
    {
        MasterKey.Create(path);
        return new(path);
    }

    private sealed record KeyFile(string Path) : IDisposable
    {
        public void Dispose() => File.Delete(Path);
    }
}
