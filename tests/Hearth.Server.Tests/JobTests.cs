using System.Text.Json;
using Hearth.Client;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Supervised jobs: checked before the first slow action, run as desired state, ended exactly once.</summary>
public sealed class JobTests(JobTests.Fixture fixture) : IClassFixture<JobTests.Fixture>
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
            await Server.Client.CreateDatasetAsync("empty");
            await Server.Client.CreateDatasetAsync("prompts");
            await Server.UploadAsync("prompts", string.Concat(Enumerable.Repeat("""{"messages":[{"role":"user","content":"x"}],"ground_truth":"y"}""" + "\n", 3)));
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"baseModel":"tiny"}""", 400, "dataset: is required")]
    [InlineData("""{"dataset":"rows"}""", 400, "exactly one of baseModel and warmStartFrom")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","warmStartFrom":"x"}""", 400, "exactly one of")]
    [InlineData("""{"dataset":"absent","baseModel":"tiny"}""", 404, "accounts/local/datasets/absent not found")]
    [InlineData("""{"dataset":"accounts/other/datasets/rows","baseModel":"tiny"}""", 404, "accounts/other/datasets/rows not found")]
    [InlineData("""{"dataset":"rows","baseModel":"absent"}""", 404, "accounts/fireworks/models/absent not found")]
    [InlineData("""{"dataset":"empty","baseModel":"tiny"}""", 400, "is UPLOADING. Upload its file first")]
    [InlineData("""{"dataset":"prompts","baseModel":"tiny"}""", 400, "no row with an assistant message")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","loraRank":12}""", 400, "loraRank: must be a power of two from 1 to 64")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","maxContextLength":4096}""", 400, "4096 is more than the model's context of 1024")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","epochs":999999}""", 400, "is more than 3,000,000")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","outputModel":"Bad Id"}""", 400, "outputModel 'Bad Id' is not a valid id")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","isTurbo":true}""", 501, "Turbo training")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","loraRank":0}""", 501, "Full-parameter tuning")]
    [InlineData("""{"dataset":"rows","baseModel":"tiny","bananas":0}""", 400, "unknown field \"bananas\"")]
    public async Task A_job_that_cannot_run_is_refused_at_once(string json, int status, string message)
    {
        var before = await _server.Store.CountAsync("supervisedFineTuningJobs", "accounts/local", true, default);
        var (actual, body) = await _server.PostAsync(Jobs, json);
        Assert.Equal(status, actual);
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(before, await _server.Store.CountAsync("supervisedFineTuningJobs", "accounts/local", true, default));
    }

    [Fact]
    public async Task All_faults_are_reported_together()
    {
        var (_, body) = await _server.PostAsync(Jobs, """{"epochs":-1,"learningRate":0,"loraRank":3,"baseModel":"tiny"}""");
        var fields = body.GetProperty("details")[0].GetProperty("fieldViolations").EnumerateArray().Select(fault => fault.GetProperty("field").GetString());
        Assert.Equal(["dataset", "epochs", "learningRate", "loraRank"], fields);
    }

    [Fact]
    public async Task Defaults_are_filled_in_and_reach_the_trainer()
    {
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", Epochs = 1.5, HearthSeed = 7, EvaluationDataset = "rows" }, "defaults");
        Assert.Equal((1.5, 3e-3, 8, 1024, 32768), (job.Epochs, job.LearningRate, job.LoraRank, job.MaxContextLength, job.BatchSize));
        Assert.Equal("accounts/local/models/defaults", job.OutputModel);
        var spec = (await _server.AssignmentOfAsync(job.Name)).Trainer!;
        Assert.Equal((1.5, 3e-3, 8, 1024, 32768, 7L), (spec.Epochs, spec.LearningRate, spec.LoraRank, spec.MaxContextLength, spec.BatchSizeTokens, spec.Seed));
        Assert.Equal((null, null, null, 0.01), (spec.BatchSizeSamples, spec.WarmupSteps, spec.ChatTemplate, spec.WeightDecay));
        Assert.Equal(TestServer.Rows(8), await File.ReadAllTextAsync(spec.DatasetPath));
        Assert.Equal(spec.DatasetPath, spec.EvaluationDatasetPath);
        Assert.True(Directory.Exists(spec.RunFolder));
        await _server.Client.CancelSupervisedJobAsync("defaults");
    }

    [Fact]
    public async Task Progress_of_the_current_epoch_counts_and_that_of_an_older_one_is_refused()
    {
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "progress");
        var epoch = (await _server.AssignmentOfAsync(job.Name)).Epoch;
        var progress = new JobProgress(3, 12, 1.25, 800, 4000, 0.25, double.PositiveInfinity);
        Assert.False(await _server.Reports.JobProgressAsync(job.Name, epoch - 1, progress, default));
        Assert.False(await _server.Reports.JobProgressAsync("accounts/local/supervisedFineTuningJobs/absent", epoch, progress, default));
        Assert.True(await _server.Reports.JobProgressAsync(job.Name, epoch, progress, default));
        job = await _server.Client.GetSupervisedJobAsync("progress");
        Assert.Equal((JobState.JOB_STATE_RUNNING, 25, 3, 1.25, 0.0), (job.State, job.JobProgress!.Percent, job.HearthProgress!.Step, job.HearthProgress.Loss, job.HearthProgress.SecondsLeft));

        await _server.Client.CancelSupervisedJobAsync("progress");
        Assert.False(await _server.Reports.JobProgressAsync(job.Name, epoch, progress, default));
        Assert.DoesNotContain(await _server.Assignments.ListAsync(default), assignment => assignment.Resource == job.Name);
        job = await _server.Client.GetSupervisedJobAsync("progress");
        Assert.Equal((JobState.JOB_STATE_CANCELLED, StatusCode.CANCELLED), (job.State, job.Status!.Code));
        Assert.NotNull(job.CompletedTime);
        Assert.Equal(400, (await _server.PostAsync($"{Jobs}/progress:cancel", "{}")).Status);
    }

    [Fact]
    public async Task A_failed_job_says_why_and_leaves_no_model()
    {
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "fails");
        var epoch = (await _server.AssignmentOfAsync(job.Name)).Epoch;
        Assert.True(await _server.Reports.JobFailedAsync(job.Name, epoch, "The loss at step 4 is not finite; rows 12, 40.", default));
        Assert.False(await _server.Reports.JobFailedAsync(job.Name, epoch, "again", default));
        job = await _server.Client.GetSupervisedJobAsync("fails");
        Assert.Equal((JobState.JOB_STATE_FAILED, "The loss at step 4 is not finite; rows 12, 40."), (job.State, job.Status!.Message));
        await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.GetModelAsync("fails"));
    }

    [Fact]
    public async Task An_adapter_that_is_not_what_was_reported_fails_the_job()
    {
        foreach (var (id, file) in new[] { ("no-weights", "adapter_config.json"), ("other-weights", "adapter_model.safetensors") })
        {
            var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, id);
            var assignment = await _server.AssignmentOfAsync(job.Name);
            var folder = Directory.CreateDirectory(Path.Combine(assignment.Trainer!.RunFolder, "adapter")).FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, file), "{}");
            Assert.True(await _server.Reports.JobCompletedAsync(job.Name, assignment.Epoch, new(folder, new string('0', 64), 2, 1000, 1.0, 2), default));
            job = await _server.Client.GetSupervisedJobAsync(id);
            Assert.Equal(JobState.JOB_STATE_FAILED, job.State);
            Assert.Contains("could not be published", job.Status!.Message);
            await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.GetModelAsync(id));
        }
    }

    [Fact]
    public async Task A_dataset_and_a_model_in_use_cannot_be_deleted()
    {
        await _server.AddDatasetAsync("used");
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "used", BaseModel = "tiny" }, "user");
        var (status, body) = await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/datasets/used");
        Assert.Equal((400, 9), (status, body.GetProperty("code").GetInt32()));
        Assert.Contains(job.Name, body.GetProperty("message").GetString());
        await _server.TrainAsync(job.Name, "user");
        await _server.Client.DeleteDatasetAsync("used");
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "accounts/local/models/user" }, "merged");
        (status, body) = await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/models/user");
        Assert.Equal(400, status);
        Assert.Contains("accounts/local/deployments/merged", body.GetProperty("message").GetString());
        await _server.Client.DeleteDeploymentAsync("merged");
        await _server.Client.DeleteModelAsync("user");
    }

    [Fact]
    public async Task The_tuned_model_stays_when_its_job_is_deleted()
    {
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "kept" }, "deleted");
        var folder = (await _server.AssignmentOfAsync(job.Name)).Trainer!.RunFolder;
        await _server.TrainAsync(job.Name, "kept");
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Jobs}/deleted")).Status);
        await _server.DeliveredAsync();
        Assert.False(Directory.Exists(folder));
        var model = await _server.Client.GetModelAsync("kept");
        Assert.Equal((UploadState.READY, "accounts/local/supervisedFineTuningJobs/deleted"), (model.State, model.FineTuningJob));
        var next = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", WarmStartFrom = "kept" }, "warm");
        var spec = (await _server.AssignmentOfAsync(next.Name)).Trainer!;
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(spec.WarmStartPath!, "adapter_model.safetensors")));
        await _server.Client.CancelSupervisedJobAsync("warm");
    }

    [Fact]
    public async Task An_output_model_that_exists_is_refused_at_once_or_fails_the_job()
    {
        foreach (var id in new[] { "race-one", "race-two" })
            await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "race" }, id);
        await _server.TrainAsync("accounts/local/supervisedFineTuningJobs/race-one", "race1");
        await _server.TrainAsync("accounts/local/supervisedFineTuningJobs/race-two", "race2");
        Assert.Equal(JobState.JOB_STATE_COMPLETED, (await _server.Client.GetSupervisedJobAsync("race-one")).State);
        var lost = await _server.Client.GetSupervisedJobAsync("race-two");
        Assert.Equal((JobState.JOB_STATE_FAILED, StatusCode.ALREADY_EXISTS), (lost.State, lost.Status!.Code));
        Assert.Equal(409, (await _server.PostAsync(Jobs, """{"dataset":"rows","baseModel":"tiny","outputModel":"race"}""")).Status);
    }

    [Fact]
    public async Task Every_step_is_metered_once()
    {
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "metered" }, "metered");
        await _server.TrainAsync(job.Name, "metered");
        var usage = (await _server.Store.ListUsageAsync(new UsageQuery("local"), default)).Where(entry => entry.Resource == job.Name).ToList();
        Assert.Equal([500, 500], usage.Select(entry => entry.TrainedTokens));
    }

    [Fact]
    public async Task A_job_of_a_deleted_ones_name_is_metered_on_its_own_for_who_created_it()
    {
        for (var time = 1; time <= 2; time++)
        {
            var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = $"again{time}" }, "again");
            await _server.TrainAsync(job.Name, $"again{time}");
            await _server.SendAsync(HttpMethod.Delete, $"{Jobs}/again");
        }
        var usage = (await _server.Store.ListUsageAsync(new UsageQuery("local") { Resource = "accounts/local/supervisedFineTuningJobs/again" }, default)).ToList();
        Assert.Equal([500, 500, 500, 500], usage.Select(entry => entry.TrainedTokens));
        Assert.All(usage, entry => Assert.Equal(("admin", 16), (entry.User, entry.KeyId.Length)));
    }
}
