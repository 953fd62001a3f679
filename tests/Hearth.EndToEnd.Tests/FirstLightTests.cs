using Hearth.Client;
using Hearth.Contracts;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The whole path on one server: rows, a job, a deployed adapter, a streamed answer.</summary>
public sealed class FirstLightTests(FirstLightTests.SharedServer shared) : IClassFixture<FirstLightTests.SharedServer>
{
    private readonly RunningServer server = shared.Server;

    [Fact]
    public async Task A_tuned_adapter_is_deployed_and_streams_its_answer()
    {
        await server.UploadAsync("rows", TrainedRows.JsonLines(64));
        await server.Client.CreateSupervisedJobAsync(SmallJob("rows", "tuned", epochs: 1), "tune");
        var job = await server.WaitForJobAsync("tune");
        Assert.True(job.State == JobState.JOB_STATE_COMPLETED, $"{job.State}: {job.Status?.Message}");
        Assert.Equal(4, job.HearthProgress!.Step);
        Assert.True(job.HearthEvaluation!.LossAfter < job.HearthEvaluation.LossBefore);

        var addon = await server.Client.LoadAddonAsync(job.OutputModel, shared.Deployment);
        await server.WaitForAddonAsync(addon.Name);
        var tuned = await StreamAsync(job.OutputModel);
        Assert.NotEmpty(tuned.Text);
        Assert.True(tuned.Chunks > 2, "The answer came in one piece.");
        Assert.Contains(tuned.FinishReason, (string[])["stop", "length"]);
        Assert.Equal(tuned.Text, (await server.Client.ChatAsync(Question(job.OutputModel))).Choices[0].Message.Content);
    }

    [Fact]
    public async Task A_trainer_that_is_killed_again_and_again_fails_its_job_with_the_reason_and_the_server_goes_on()
    {
        await server.UploadAsync("many-rows", TrainedRows.JsonLines(64));
        await server.Client.CreateSupervisedJobAsync(SmallJob("many-rows", "never", epochs: 1000), "killed");
        await StepAsync("killed", 1);
        var ended = 0;
        for (var kill = 1; kill <= 3; kill++) ended = await KillTrainerAsync(ended);
        var job = await server.WaitForJobAsync("killed");
        Assert.Equal(JobState.JOB_STATE_FAILED, job.State);
        Assert.Contains("signal 9", job.Status!.Message);
        Assert.NotEmpty((await StreamAsync(shared.Deployment)).Text);
        await Assert.ThrowsAsync<HearthApiException>(() => server.Client.ChatAsync(Question("accounts/local/models/never")));
    }

    [Fact]
    public async Task A_paused_and_killed_job_ends_with_the_adapter_of_an_undisturbed_one()
    {
        await server.UploadAsync("paused-rows", TrainedRows.JsonLines(32));
        await server.Client.CreateSupervisedJobAsync(SmallJob("paused-rows", "disturbed", epochs: 20), "disturbed");
        await StepAsync("disturbed", 3);
        await server.Client.PauseSupervisedJobAsync("disturbed");
        await RunningServer.UntilAsync(() => server.Workers("worker-trainer").Count == 0, "the trainer to end");
        var run = Path.Combine(server.DataDirectory, "runs", "local", "supervisedFineTuningJobs", "disturbed");
        Assert.Single(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
        await server.Client.ResumeSupervisedJobAsync("disturbed");
        await KillTrainerAsync(0);
        var disturbed = await server.WaitForJobAsync("disturbed");
        Assert.True(disturbed.State == JobState.JOB_STATE_COMPLETED, $"{disturbed.State}: {disturbed.Status?.Message}");
        var adapters = Directory.GetDirectories(Path.Combine(server.DataDirectory, "models"));
        await server.Client.CreateSupervisedJobAsync(SmallJob("paused-rows", "undisturbed", epochs: 20), "undisturbed");
        Assert.Equal(JobState.JOB_STATE_COMPLETED, (await server.WaitForJobAsync("undisturbed")).State);
        Assert.Equal(adapters, Directory.GetDirectories(Path.Combine(server.DataDirectory, "models"))); // named by their bytes: one folder for both
    }

    [Fact]
    public async Task A_trainer_and_a_replica_map_the_same_packed_weights_and_not_the_published_files()
    {
        await server.UploadAsync("mapped-rows", TrainedRows.JsonLines(64));
        await server.Client.CreateSupervisedJobAsync(SmallJob("mapped-rows", "mapped", epochs: 1000), "mapped");
        await StepAsync("mapped", 1);
        var packed = Assert.Single(Directory.GetFiles(Path.Combine(server.DataDirectory, "packed")));
        foreach (var worker in (int[])[Assert.Single(server.Workers("worker-trainer")), .. server.Workers("worker-replica")])
        {
            var maps = File.ReadAllText($"/proc/{worker}/maps");
            Assert.Contains(packed, maps);
            Assert.DoesNotContain(".safetensors", maps);
        }
        await server.Client.PauseSupervisedJobAsync("mapped");
        await RunningServer.UntilAsync(() => server.Workers("worker-trainer").Count == 0, "the trainer to end");
    }

    private Task StepAsync(string job, int step) => RunningServer.UntilAsync(
        () => server.Client.GetSupervisedJobAsync(job).Result.HearthProgress?.Step >= step, $"step {step}");

    /// <summary>Kills the trainer that was started after <paramref name="earlier"/> and returns its id.</summary>
    private async Task<int> KillTrainerAsync(int earlier)
    {
        await RunningServer.UntilAsync(() => server.Workers("worker-trainer").Any(id => id != earlier), "a trainer to start");
        var trainer = server.Workers("worker-trainer").First(id => id != earlier);
        System.Diagnostics.Process.GetProcessById(trainer).Kill();
        await RunningServer.UntilAsync(() => !RunningServer.IsRunning(trainer), "the trainer to end");
        return trainer;
    }

    [Fact]
    public async Task The_openai_package_gets_a_streamed_answer()
    {
        var answer = await NodePackage.OpenAi.AskAsync(new Uri(server.Url, "v1"), server.AdminKey, shared.Deployment, "What is 3 + 4?");
        Assert.NotEmpty(answer.Text);
        Assert.True(answer.Chunks > 1);
        Assert.Contains(answer.FinishReason, (string[])["stop", "length"]);
    }

    [Theory]
    [InlineData("inference/v1")]
    [InlineData("v1")]
    public async Task The_ai_sdk_and_its_fireworks_package_get_whole_and_streamed_answers(string address)
    {
        var answer = await NodePackage.AiSdk.AskAsync(new Uri(server.Url, address), server.AdminKey, shared.Deployment, "Tom has 12 apples and buys 7 more. How many apples does he have now?");
        Assert.NotEmpty(answer.Text);
        Assert.Equal(answer.Text, answer.Whole);
        Assert.True(answer.Chunks > 1, answer.ToString());
        Assert.InRange(answer.Tokens!.Value, 1, 24);
        Assert.Contains(answer.FinishReason, (string[])["stop", "length"]);
    }

    [Fact]
    public async Task The_anthropic_package_gets_streams_stops_continuations_models_and_errors()
    {
        var answer = await NodePackage.Anthropic.AskAsync(new Uri(server.Url, "inference"), server.AdminKey, shared.Deployment, "Tom has 12 apples and buys 7 more. How many apples does he have now?");
        Assert.Equal(answer.Text, answer.Whole);
        Assert.True(answer.Chunks > 1, answer.ToString());
        Assert.Contains(answer.FinishReason, (string[])["end_turn", "max_tokens"]);
        Assert.InRange(answer.Tokens!.Value, 1, 24);
        var stopped = answer.Stopped!.Split('|');
        Assert.Equal(["stop_sequence", "true"], stopped[1..]);
        Assert.True(stopped[0].Length < answer.Text.Length && answer.Text.StartsWith(stopped[0]), answer.ToString());
        Assert.Equal(answer.Text, answer.Continued);
        Assert.Contains(RunningServer.BaseModel, answer.Models);
        Assert.Equal("BadRequestError 400 invalid_request_error", answer.Refused);
    }

    [Fact]
    public async Task A_malformed_line_is_refused_with_its_number_and_trains_nothing()
    {
        var refusal = await Assert.ThrowsAsync<HearthApiException>(() => server.UploadAsync("broken", TrainedRows.JsonLines(2) + "{\"messages\": [}\n"));
        Assert.Equal(400, refusal.Status);
        Assert.Contains("3", refusal.Message);
        await Assert.ThrowsAsync<HearthApiException>(() =>
            server.Client.CreateSupervisedJobAsync(SmallJob("broken", "nothing", epochs: 1), "from-broken"));
    }

    [Fact]
    public async Task A_prompt_beyond_the_context_is_refused()
    {
        var refusal = await Assert.ThrowsAsync<HearthApiException>(() => server.Client.ChatAsync(
            RunningServer.Question(shared.Deployment, string.Join(' ', Enumerable.Repeat("seven apples and", 2_000)))));
        Assert.Equal(400, refusal.Status);
        Assert.Contains("context", refusal.Message);
    }

    private static SupervisedFineTuningJobParam SmallJob(string dataset, string output, double epochs) => new()
    {
        BaseModel = RunningServer.BaseModel,
        Dataset = dataset,
        EvaluationDataset = dataset,
        OutputModel = output,
        LoraRank = 8,
        LearningRate = 3e-3,
        Epochs = epochs,
        BatchSizeSamples = 16,
        MaxContextLength = 256,
    };

    private static ChatCompletionRequest Question(string model) =>
        RunningServer.Question(model, "Tom has 12 apples and buys 7 more. How many apples does he have now?");

    private async Task<(string Text, int Chunks, string? FinishReason)> StreamAsync(string model)
    {
        var (text, chunks, finish) = ("", 0, (string?)null);
        await foreach (var chunk in server.Client.StreamChatAsync(Question(model)))
        {
            chunks++;
            text += chunk.Choices is [{ Delta.Content: { } piece }, ..] ? piece : "";
            finish = chunk.Choices is [{ FinishReason: { } reason }, ..] ? reason : finish;
        }
        return (text, chunks, finish);
    }

    /// <summary>One server with the base model deployed, for all tests of the class.</summary>
    public sealed class SharedServer : IAsyncLifetime
    {
        public RunningServer Server { get; private set; } = null!;

        public string Deployment { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            Server = await RunningServer.StartAsync();
            Deployment = await Server.DeployBaseAsync();
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
