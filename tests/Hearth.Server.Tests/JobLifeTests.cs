using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A supervised job between its start and its end: crashes, pauses, resumption, its files and warnings.</summary>
public sealed class JobLifeTests(JobLifeTests.Fixture fixture) : IClassFixture<JobLifeTests.Fixture>
{
    private const string Jobs = "/v1/accounts/local/supervisedFineTuningJobs";
    private readonly TestServer _server = fixture.Server;

    public sealed class Fixture : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync();
            await Server.AddDatasetAsync("rows");
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    [Fact]
    public async Task A_crashed_trainer_is_started_again_until_it_ends_three_times_without_getting_further()
    {
        var job = await CreateAsync("crashes");
        for (var crash = 1; crash <= 2; crash++) await CrashAsync(job, "before its first step");
        await StepAsync(job, 1);
        for (var crash = 1; crash <= 2; crash++)
        {
            await CrashAsync(job, "signal 9");
            var (_, seen) = await _server.GetAsync($"{Jobs}/crashes");
            Assert.Equal("JOB_STATE_RE_QUEUEING", seen.GetProperty("state").GetString());
            Assert.Contains($"ended after step 1 and is started again ({crash} of 3)", seen.GetProperty("status").GetProperty("message").GetString());
        }
        await StepAsync(job, 2);
        await CrashAsync(job, "signal 9"); // it got further: counted anew
        await StepAsync(job, 1); // without a checkpoint it begins again, and is not further
        await CrashAsync(job, "signal 9");
        await CrashAsync(job, "signal 9\nthe last words");
        var (_, failed) = await _server.GetAsync($"{Jobs}/crashes");
        Assert.Equal(("JOB_STATE_FAILED", "signal 9\nthe last words"), (failed.GetProperty("state").GetString(), failed.GetProperty("status").GetProperty("message").GetString()));
        Assert.DoesNotContain(await _server.Assignments.ListAsync(default), assignment => assignment.Resource == job);
    }

    [Fact]
    public async Task A_crash_of_an_older_epoch_changes_nothing()
    {
        var job = await CreateAsync("fenced");
        var epoch = (await _server.AssignmentOfAsync(job)).Epoch;
        Assert.True(await _server.Reports.JobCrashedAsync(job, epoch, "first", default));
        Assert.False(await _server.Reports.JobCrashedAsync(job, epoch, "again", default));
        Assert.True((await _server.AssignmentOfAsync(job)).Epoch > epoch);
        await _server.Client.CancelSupervisedJobAsync("fenced");
    }

    [Fact]
    public async Task A_paused_job_keeps_its_dataset_and_goes_on_in_its_run_folder_with_a_new_epoch()
    {
        await _server.AddDatasetAsync("kept");
        var job = await CreateAsync("pauses", "kept");
        await StepAsync(job, 4);
        var before = await _server.AssignmentOfAsync(job);
        Assert.Equal("JOB_STATE_PAUSED", (await VerbAsync("/hearth/v1/accounts/local/supervisedFineTuningJobs/pauses:pause", 200)).GetProperty("state").GetString());
        Assert.DoesNotContain(await _server.Assignments.ListAsync(default), assignment => assignment.Resource == job);
        Assert.False(await _server.Reports.JobProgressAsync(job, before.Epoch, new(5, 20, 1, 1, 500, 0, 0), default));
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/datasets/kept")).Status);
        Assert.Equal("JOB_STATE_PENDING", (await VerbAsync($"{Jobs}/pauses:resume", 200)).GetProperty("state").GetString());
        var after = await _server.AssignmentOfAsync(job);
        Assert.True(after.Epoch > before.Epoch);
        Assert.Equal(before.Trainer, after.Trainer);
        await _server.TrainAsync(job, "paused");
        Assert.Equal("JOB_STATE_COMPLETED", (await _server.GetAsync($"{Jobs}/pauses")).Body.GetProperty("state").GetString());
        await VerbAsync($"{Jobs}/pauses:resume", 400);
        await VerbAsync("/hearth/v1/accounts/local/supervisedFineTuningJobs/pauses:pause", 400);
    }

    [Fact]
    public async Task A_failed_job_is_resumed_unless_its_output_is_there_by_now()
    {
        var job = await CreateAsync("again");
        await _server.Reports.JobFailedAsync(job, (await _server.AssignmentOfAsync(job)).Epoch, "out of luck", default);
        var resumed = await VerbAsync($"{Jobs}/again:resume", 200);
        Assert.Equal(("JOB_STATE_PENDING", ""), (resumed.GetProperty("state").GetString(), resumed.GetProperty("status").GetProperty("message").GetString()));
        await _server.Reports.JobFailedAsync(job, (await _server.AssignmentOfAsync(job)).Epoch, "out of luck", default);
        await _server.TrainAsync(await CreateAsync("rival", output: "again"), "rival");
        Assert.Contains("accounts/local/models/again already exists", (await VerbAsync($"{Jobs}/again:resume", 409)).GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_job_that_met_a_full_disk_goes_on_by_itself_when_there_is_room()
    {
        SmallDisk disk = null!;
        var clock = new ManualClock();
        await using var server = await TestServer.StartAsync(clock: clock, configure: services =>
        {
            var real = services.Last(service => service.ServiceType == typeof(IBlobs)).ImplementationFactory!;
            services.AddSingleton(provider => SmallDisk.Over((IBlobs)real(provider), out disk));
        });
        await server.AddDatasetAsync("rows");
        var job = (await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "stalled")).Name;
        Assert.True(await server.Reports.JobStalledAsync(job, (await server.AssignmentOfAsync(job)).Epoch, default));
        var (_, seen) = await server.GetAsync($"{Jobs}/stalled");
        Assert.Equal(("JOB_STATE_PAUSED", "RESOURCE_EXHAUSTED"), (seen.GetProperty("state").GetString(), seen.GetProperty("status").GetProperty("code").GetString()));
        var handler = server.Server.Services.GetServices<IDueHandler>().OfType<StalledJobs>().Single();
        await handler.HandleAsync(new(clock.GetUtcNow(), job, StalledJobs.DueKind), default);
        Assert.Equal("JOB_STATE_PAUSED", (await server.GetAsync($"{Jobs}/stalled")).Body.GetProperty("state").GetString());
        disk.FreeBytes = StalledJobs.RoomBytes;
        await handler.HandleAsync(new(clock.GetUtcNow(), job, StalledJobs.DueKind), default);
        (_, seen) = await server.GetAsync($"{Jobs}/stalled");
        Assert.Equal(("JOB_STATE_PENDING", "OK"), (seen.GetProperty("state").GetString(), seen.GetProperty("status").GetProperty("code").GetString()));
        await server.Client.PauseSupervisedJobAsync("stalled");
        await handler.HandleAsync(new(clock.GetUtcNow(), job, StalledJobs.DueKind), default);
        Assert.Equal("JOB_STATE_PAUSED", (await server.GetAsync($"{Jobs}/stalled")).Body.GetProperty("state").GetString()); // its owner's wish
    }

    [Fact]
    public async Task Someone_elses_job_cannot_be_paused_by_a_contributor()
    {
        await CreateAsync("admins");
        await _server.SendAsync(HttpMethod.Post, "/v1/accounts/local/users?userId=carl", """{"role":"contributor","email":"carl@example.com"}""");
        var (_, key) = await _server.PostAsync("/v1/accounts/local/users/carl/apiKeys", """{"apiKey":{"displayName":"k"}}""");
        using var carl = _server.NewHttp(key.GetProperty("key").GetString());
        Assert.Equal(403, (await _server.SendAsync(HttpMethod.Post, "/hearth/v1/accounts/local/supervisedFineTuningJobs/admins:pause", "{}", carl)).Status);
        await _server.Client.CancelSupervisedJobAsync("admins");
    }

    [Fact]
    public async Task What_the_trainer_wrote_can_be_fetched_while_it_runs()
    {
        var job = await CreateAsync("files");
        Assert.Contains("no step was taken yet", (await _server.GetAsync($"{Jobs}/files:getMetricsFileEndpoint")).Body.GetProperty("message").GetString());
        Assert.Equal("", (await _server.GetAsync($"{Jobs}/files")).Body.GetProperty("trainerLogsSignedUrl").GetString());
        var folder = (await _server.AssignmentOfAsync(job)).Trainer!.RunFolder;
        foreach (var file in new[] { "metrics.jsonl", "trainer.log", "rendered_samples.jsonl" }) File.WriteAllText(Path.Combine(folder, file), file);
        var (_, seen) = await _server.GetAsync($"{Jobs}/files");
        using var nobody = _server.NewHttp(null);
        Assert.Equal("metrics.jsonl", await nobody.GetStringAsync(seen.GetProperty("metricsFileSignedUrl").GetString()));
        Assert.Equal("trainer.log", await nobody.GetStringAsync(seen.GetProperty("trainerLogsSignedUrl").GetString()));
        Assert.Equal("rendered_samples.jsonl", await nobody.GetStringAsync(seen.GetProperty("renderSamplesSignedUrl").GetString()));
        Assert.Equal("metrics.jsonl", await nobody.GetStringAsync((await _server.GetAsync($"{Jobs}/files:getMetricsFileEndpoint")).Body.GetProperty("signedUrl").GetString()));
        var address = seen.GetProperty("metricsFileSignedUrl").GetString();
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Jobs}/files")).Status);
        await _server.DeliveredAsync();
        Assert.Equal(404, (int)(await nobody.GetAsync(address)).StatusCode);
    }

    [Fact]
    public async Task A_job_of_few_steps_warns_with_the_setting_to_change()
    {
        var job = await CreateAsync("few");
        Assert.False((await _server.GetAsync($"{Jobs}/few")).Body.TryGetProperty("hearthWarnings", out _));
        await StepAsync(job, 1, of: 9);
        Assert.Contains("9 optimizer steps", (await _server.GetAsync($"{Jobs}/few")).Body.GetProperty("hearthWarnings")[0].GetString());
        await StepAsync(job, 2, of: 10);
        Assert.False((await _server.GetAsync($"{Jobs}/few")).Body.TryGetProperty("hearthWarnings", out _));
        await _server.Client.CancelSupervisedJobAsync("few");
    }

    [Fact]
    public async Task Carve_out_early_stop_and_schedule_reach_the_trainer_and_come_back()
    {
        var (status, made) = await _server.PostAsync($"{Jobs}?supervisedFineTuningJobId=watched",
            """{"dataset":"rows","baseModel":"tiny","evalAutoCarveout":true,"earlyStop":true,"lrScheduler":{"cosine":{"minLrRatio":0.1,"decayRatio":0.5}}}""");
        Assert.True(status == 200, made.ToString());
        Assert.Equal("""{"cosine":{"minLrRatio":0.1,"decayRatio":0.5}}""", made.GetProperty("lrScheduler").GetRawText());
        Assert.True(made.GetProperty("earlyStop").GetBoolean() && made.GetProperty("evalAutoCarveout").GetBoolean());
        var assignment = await _server.AssignmentOfAsync("accounts/local/supervisedFineTuningJobs/watched");
        Assert.Equal((true, true, RateShape.Cosine, 0.1, 0.5), (assignment.Trainer!.EvaluationCarveout, assignment.Trainer.EarlyStop, assignment.Trainer.Schedule, assignment.Trainer.MinRateRatio, assignment.Trainer.DecayRatio));
        var adapter = Directory.CreateDirectory(Path.Combine(assignment.Trainer.RunFolder, "adapter")).FullName;
        File.WriteAllText(Path.Combine(adapter, "adapter_config.json"), """{"r":8,"target_modules":["q_proj"]}""");
        File.WriteAllText(Path.Combine(adapter, "adapter_model.safetensors"), "early");
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("early"u8));
        Assert.True(await _server.Reports.JobCompletedAsync(assignment.Resource, assignment.Epoch, new(adapter, hash, 3, 100, 1, 1, 2.0, 1.0, EarlyStopped: true), default));
        Assert.Equal("JOB_STATE_EARLY_STOPPED", (await _server.GetAsync($"{Jobs}/watched")).Body.GetProperty("state").GetString());
        Assert.Equal("READY", (await _server.GetAsync("/v1/accounts/local/models/watched")).Body.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("""{"earlyStop":true}""", "earlyStop: needs rows to watch")]
    [InlineData("""{"lrScheduler":{}}""", "exactly one of constant, linear and cosine")]
    [InlineData("""{"lrScheduler":{"linear":{},"cosine":{}}}""", "exactly one of constant, linear and cosine")]
    [InlineData("""{"lrScheduler":{"cosine":{"minLrRatio":1.5}}}""", "minLrRatio must be from 0 to 1")]
    [InlineData("""{"lrScheduler":{"linear":{"decayRatio":0}}}""", "decayRatio must be above 0")]
    public async Task Settings_that_cannot_be_right_are_refused(string settings, string message)
    {
        var (status, body) = await _server.PostAsync(Jobs, settings[..^1] + ""","dataset":"rows","baseModel":"tiny"}""");
        Assert.Equal(400, status);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Cost_is_estimated_from_tokens_epochs_and_the_price_of_the_day()
    {
        var directory = Directory.CreateTempSubdirectory("hearth-prices-").FullName;
        File.WriteAllText(Path.Combine(directory, "prices.json"), """[{"version":"v1","from":"2020-01-01T00:00:00Z","currency":"USD","training":[{"upTo":16000000000,"perMillion":2000000}]}]""");
        await using (var server = await TestServer.StartAsync(directory))
        {
            await server.AddDatasetAsync("rows");
            var tokens = long.Parse((await server.GetAsync("/v1/accounts/local/datasets/rows")).Body.GetProperty("estimatedTokenCount").GetString()!);
            var (status, estimate) = await server.PostAsync($"{Jobs}:estimateCost", """{"dataset":"rows","baseModel":"tiny","epochs":2.5}""");
            Assert.True(status == 200, estimate.ToString());
            var expected = (long)(tokens * 2.5);
            Assert.Equal((expected.ToString(), (2 * expected).ToString()), (estimate.GetProperty("hearthTokens").GetString(), estimate.GetProperty("estimatedCost").GetProperty("units").GetString()));
            var (_, job) = await server.PostAsync(Jobs, """{"dataset":"rows","baseModel":"tiny","epochs":2.5}""");
            Assert.Equal(estimate.GetProperty("estimatedCost").GetRawText(), job.GetProperty("estimatedCost").GetRawText());
            Assert.Equal(400, (await server.PostAsync($"{Jobs}:estimateCost", """{"dataset":"rows","baseModel":"tiny","loraRank":3}""")).Status);
            Assert.Equal(1, await server.Store.CountAsync("supervisedFineTuningJobs", "accounts/local", true, default));
            Assert.Single(Directory.GetDirectories(Path.Combine(directory, "runs", "local", "supervisedFineTuningJobs")));
        }
        Directory.Delete(directory, recursive: true);
    }

    private async Task<string> CreateAsync(string id, string dataset = "rows", string? output = null) =>
        (await _server.Client.CreateSupervisedJobAsync(new() { Dataset = dataset, BaseModel = "tiny", OutputModel = output }, id)).Name;

    private async Task StepAsync(string job, int step, int of = 20) =>
        Assert.True(await _server.Reports.JobProgressAsync(job, (await _server.AssignmentOfAsync(job)).Epoch, new(step, of, 1, 100, 100 * step, 0.1, 1), default));

    private async Task CrashAsync(string job, string reason) =>
        Assert.True(await _server.Reports.JobCrashedAsync(job, (await _server.AssignmentOfAsync(job)).Epoch, reason, default));

    private async Task<JsonElement> VerbAsync(string address, int expected)
    {
        var (status, body) = await _server.PostAsync(address, "{}");
        Assert.True(status == expected, $"{status} {body}");
        return body;
    }

    /// <summary>Says what the test wants of the disk's room.</summary>
    private class SmallDisk : System.Reflection.DispatchProxy
    {
        private IBlobs _real = null!;

        public long FreeBytes { get; set; } = 1 << 20;

        public static IBlobs Over(IBlobs real, out SmallDisk disk)
        {
            var proxy = Create<IBlobs, SmallDisk>();
            disk = (SmallDisk)(object)proxy;
            disk._real = real;
            return proxy;
        }

        protected override object? Invoke(System.Reflection.MethodInfo? method, object?[]? arguments) =>
            method!.Name == "get_FreeBytes" ? FreeBytes : method.Invoke(_real, arguments);
    }
}
