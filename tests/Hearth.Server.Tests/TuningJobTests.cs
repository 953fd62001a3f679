using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Preference and reinforcement jobs: everything is checked at create; what this version cannot train is kept and says so.</summary>
public sealed class TuningJobTests(TuningJobTests.Fixture fixture) : IClassFixture<TuningJobTests.Fixture>
{
    private const string Account = "/v1/accounts/local";
    private const string Dpo = $"{Account}/dpoJobs";
    private const string Rft = $"{Account}/reinforcementFineTuningJobs";
    private const string Steps = $"{Account}/rlorTrainerJobs";
    private readonly TestServer _server = fixture.Server;

    public sealed class Fixture : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync();
            await Server.AddDatasetAsync("chats");
            await Server.AddDatasetAsync("pairs", TestServer.PreferenceRow);
            await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
            await Server.AddDatasetAsync("samples", TestServer.SamplesRow);
            await Server.AddEvaluatorAsync("judge");
            await Server.Client.CreateSupervisedJobAsync(new() { Dataset = "chats", BaseModel = "tiny", OutputModel = "start" }, "start");
            await Server.TrainAsync("accounts/local/supervisedFineTuningJobs/start");
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"dataset":"pairs","trainingConfig":{}}""", "trainingConfig.baseModel: give exactly one of baseModel and warmStartFrom")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","warmStartFrom":"start"}}""", "give exactly one of")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"start"}}""", "HF_PEFT_ADDON is not a base model")]
    [InlineData("""{"dataset":"chats","trainingConfig":{"baseModel":"tiny"}}""", "Invalid dataset format: dataset accounts/local/datasets/chats holds rows of format chat")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"warmStartFrom":"start","loraRank":16}}""", "16 differs from the rank 8")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","loraRank":128}}""", "loraRank: must be a power of two from 1 to 64")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","epochs":1000000.5}}""", "epochs: must be a number above 0")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","epochs":900000}}""", "is more than 3,000,000")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","maxContextLength":4096}}""", "4096 is more than the model's context of 1024")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"dpo":{"beta":0.6}}}""", "lossConfig.dpo.beta: must be from 0 to 0.5")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"method":"GRPO"}}""", "GRPO is not a loss of dpoJobs. Choose one of DPO, ORPO")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"method":"ORPO","dpo":{"beta":0.1}}}""", "lossConfig.dpo: belongs to DPO")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"klBeta":0.1}}""", "DPO has no KL term")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"method":"PPO"}}""", "invalid value for field \"lossConfig.method\"")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"wandbConfig":{"enabled":true,"project":"p","entity":"e"} }""", "apiKey, project and entity are all needed")]
    [InlineData("""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny","bananas":1}}""", "unknown field \"trainingConfig.bananas\"")]
    public async Task A_preference_job_that_cannot_be_right_is_refused(string json, string message) => await RefusedAsync(Dpo, json, message);

    [Theory]
    [InlineData("""{"dataset":"prompts","trainingConfig":{"baseModel":"tiny"}}""", "evaluator: is required")]
    [InlineData("""{"dataset":"prompts","evaluator":"absent","trainingConfig":{"baseModel":"tiny"}}""", "Evaluator not found: accounts/local/evaluators/absent")]
    [InlineData("""{"dataset":"pairs","evaluator":"judge","trainingConfig":{"baseModel":"tiny"}}""", "Invalid dataset format")]
    [InlineData("""{"dataset":"prompts","evaluator":"judge","mcpServer":"not one","trainingConfig":{"baseModel":"tiny"}}""", "mcpServer: 'not one' is neither an http address nor a resource's name")]
    [InlineData("""{"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"method":"DAPO","klBeta":0.1}}""", "DAPO has no KL term")]
    [InlineData("""{"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"},"lossConfig":{"method":"gspo-token","dpo":{}}}""", "belongs to DPO; the loss is GSPO_TOKEN")]
    public async Task A_reinforcement_job_that_cannot_be_right_is_refused(string json, string message) => await RefusedAsync(Rft, json, message);

    [Theory]
    [InlineData("trainingConfig", "\"learningRate\":0.01", "learningRate: 0.01 is outside [1e-5, 5e-4]")]
    [InlineData("trainingConfig", "\"epochs\":11", "epochs: 11 is outside [1, 10]")]
    [InlineData("trainingConfig", "\"epochs\":1.5", "epochs: 1.5 is not a whole number")]
    [InlineData("trainingConfig", "\"loraRank\":2", "loraRank: 2 is outside [4, 128]")]
    [InlineData("trainingConfig", "\"loraRank\":12", "loraRank: 12 is outside [4, 128] or not a power of two")]
    [InlineData("inferenceParameters", "\"maxOutputTokens\":15", "maxOutputTokens: 15 is outside [16, 16384]")]
    [InlineData("inferenceParameters", "\"temperature\":0", "temperature: 0 is outside [0.1, 2.0]")]
    [InlineData("inferenceParameters", "\"topP\":1.1", "topP: 1.1 is outside [0, 1]")]
    [InlineData("inferenceParameters", "\"topK\":101", "topK: 101 is outside [0, 100]")]
    [InlineData("inferenceParameters", "\"responseCandidatesCount\":1", "responseCandidatesCount: 1 is outside [2, 8]")]
    [InlineData("inferenceParameters", "\"extraBody\":\"{stop\"", "extraBody: is not a JSON object")]
    [InlineData("inferenceParameters", "\"extraBody\":\"[1]\"", "extraBody: is not a JSON object")]
    [InlineData("", "\"chunkSize\":0", "chunkSize: 0 is outside [1, 10000]")]
    [InlineData("", "\"maxConcurrentRollouts\":-1", "maxConcurrentRollouts: -1 is outside")]
    public async Task A_value_out_of_its_range_is_an_invalid_rollout_parameter(string part, string field, string message)
    {
        var training = "\"baseModel\":\"tiny\"" + (part == "trainingConfig" ? $",{field}" : "");
        var rest = part switch { "inferenceParameters" => $",\"inferenceParameters\":{{{field}}}", "" => $",{field}", _ => "" };
        await RefusedAsync(Rft, $$"""{"dataset":"prompts","evaluator":"judge","trainingConfig":{{{training}}}{{rest}}}""", "Invalid rollout parameters: ", message);
    }

    [Theory]
    [InlineData("""{"trainingConfig":{"baseModel":"tiny"}}""", "dataset: is required")]
    [InlineData("""{"dataset":"prompts","trainingConfig":{"baseModel":"tiny"}}""", "rlorTrainerJobs take groups of scored samples")]
    [InlineData("""{"dataset":"samples","trainingConfig":{"baseModel":"tiny"},"rewardWeights":["score"]}""", "'score' is not of the form name=number")]
    [InlineData("""{"dataset":"samples","trainingConfig":{"baseModel":"tiny"},"hotLoadDeploymentId":"absent"}""", "hotLoadDeploymentId: accounts/local/deployments/absent not found")]
    [InlineData("""{"serviceMode":true,"trainingConfig":{"baseModel":"tiny"}}""", "must be 0 with serviceMode")]
    [InlineData("""{"dataset":"samples","trainingConfig":{"warmStartFrom":"start","learningRate":0.1,"epochs":2,"maxContextLength":512}}""", "epochs: 2 differs from the 1")]
    public async Task A_reinforcement_step_that_cannot_be_right_is_refused(string json, string message) => await RefusedAsync(Steps, json, message);

    [Fact]
    public async Task A_continued_reinforcement_step_is_told_of_all_differences_and_inherits_what_is_unset()
    {
        var (_, body) = await _server.PostAsync(Steps, """{"dataset":"samples","trainingConfig":{"warmStartFrom":"start","learningRate":0.1,"epochs":2,"maxContextLength":512,"batchSize":1}}""");
        foreach (var field in new[] { "learningRate: 0.1 differs from the 0.003", "maxContextLength: 512 differs from the 1024", "epochs: 2 differs", "batchSize: 1 differs from the 32768" })
            Assert.Contains(field, body.GetProperty("message").GetString());
        var step = await CreateAsync(Steps, "rlorTrainerJobId=continued", """{"dataset":"samples","trainingConfig":{"warmStartFrom":"start"}}""");
        Assert.Equal(3e-3, step.GetProperty("trainingConfig").GetProperty("learningRate").GetDouble());
        Assert.Equal(8, step.GetProperty("trainingConfig").GetProperty("loraRank").GetInt32());
    }

    [Fact]
    public async Task A_job_that_this_version_does_not_train_is_kept_as_failed_and_names_the_feature()
    {
        foreach (var (address, id, json, feature) in new[]
        {
            (Dpo, "dpoJobId", """{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"}}""", "Preference tuning"),
            (Rft, "reinforcementFineTuningJobId", """{"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"}}""", "Reinforcement fine-tuning"),
            (Steps, "rlorTrainerJobId", """{"dataset":"samples","trainingConfig":{"baseModel":"tiny"}}""", "single reinforcement steps"),
        })
        {
            var job = await CreateAsync(address, $"{id}=kept", json);
            foreach (var seen in new[] { job, (await _server.GetAsync($"{address}/kept")).Body })
            {
                Assert.Equal("JOB_STATE_FAILED", seen.GetProperty("state").GetString());
                Assert.Equal("UNIMPLEMENTED", seen.GetProperty("status").GetProperty("code").GetString());
                Assert.Contains(feature, seen.GetProperty("status").GetProperty("message").GetString());
                Assert.Equal("accounts/local/models/kept", seen.GetProperty("trainingConfig").GetProperty("outputModel").GetString());
            }
            Assert.DoesNotContain(await _server.Assignments.ListAsync(default), assignment => assignment.Resource.EndsWith("/kept"));
            Assert.Equal(409, (await _server.PostAsync($"{address}?{id}=kept", json)).Status);
        }
    }

    [Fact]
    public async Task Documented_defaults_are_filled_in()
    {
        var dpo = await CreateAsync(Dpo, "dpoJobId=plain", """{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"}}""");
        Assert.Equal("""{"dpo":{"beta":0.1,"refCacheConcurrency":0,"refCacheBatchSize":0},"klBeta":0,"method":"DPO"}""", dpo.GetProperty("lossConfig").GetRawText());
        Assert.Equal((8, 32768, 1024, 1), Config(dpo));
        var rft = await CreateAsync(Rft, "reinforcementFineTuningJobId=plain", """{"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"}}""");
        Assert.Equal("""{"extraBody":"","maxOutputTokens":1024,"responseCandidatesCount":4,"temperature":0.7,"topK":40,"topP":1}""", rft.GetProperty("inferenceParameters").GetRawText());
        Assert.Equal((200, 1e-4, "GRPO"), (rft.GetProperty("chunkSize").GetInt32(), rft.GetProperty("trainingConfig").GetProperty("learningRate").GetDouble(), rft.GetProperty("lossConfig").GetProperty("method").GetString()));
        Assert.Equal("accounts/local/evaluators/judge", rft.GetProperty("evaluator").GetString());

        static (int, int, int, int) Config(JsonElement job)
        {
            var config = job.GetProperty("trainingConfig");
            return (config.GetProperty("loraRank").GetInt32(), config.GetProperty("batchSize").GetInt32(), config.GetProperty("maxContextLength").GetInt32(), config.GetProperty("epochs").GetInt32());
        }
    }

    [Fact]
    public async Task Verbs_hold_to_the_states()
    {
        await CreateAsync(Dpo, "dpoJobId=states", """{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"}}""");
        var resumed = await CheckedAsync($"{Dpo}/states:resume", 200);
        Assert.Equal("JOB_STATE_FAILED", resumed.GetProperty("state").GetString());
        Assert.Contains("is JOB_STATE_FAILED", (await CheckedAsync($"{Dpo}/states:cancel", 400)).GetProperty("message").GetString());
        await CheckedAsync("/hearth/v1/accounts/local/dpoJobs/states:pause", 400);
        await _server.ForceStateAsync("accounts/local/dpoJobs/states", JobStates.Running);
        await CheckedAsync($"{Dpo}/states:resume", 400);
        Assert.Equal("JOB_STATE_PAUSED", (await CheckedAsync("/hearth/v1/accounts/local/dpoJobs/states:pause", 200)).GetProperty("state").GetString());
        await _server.ForceStateAsync("accounts/local/dpoJobs/states", JobStates.Pending);
        await CheckedAsync($"{Dpo}/states:cancel", 200);
        Assert.Contains("only a failed or paused job", (await CheckedAsync($"{Dpo}/states:resume", 400)).GetProperty("message").GetString());
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Dpo}/states")).Status);
        Assert.Equal(404, (await _server.GetAsync($"{Dpo}/states")).Status);
    }

    [Fact]
    public async Task A_failed_job_holds_no_dataset_and_cannot_be_resumed_without_it()
    {
        await _server.AddDatasetAsync("gone", TestServer.PreferenceRow);
        await CreateAsync(Dpo, "dpoJobId=orphan", """{"dataset":"gone","trainingConfig":{"baseModel":"tiny"}}""");
        await _server.Client.DeleteDatasetAsync("gone");
        Assert.Contains("accounts/local/datasets/gone not found", (await CheckedAsync($"{Dpo}/orphan:resume", 404)).GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_train_step_is_checked_and_refused_by_a_trainer_that_does_not_run()
    {
        await CreateAsync(Steps, "rlorTrainerJobId=alive", """{"keepAlive":true,"trainingConfig":{"baseModel":"tiny"}}""");
        foreach (var (body, status, message) in new[]
        {
            ("{}", 400, "dataset: is required"), ("""{"dataset":"chats","outputModel":"next"}""", 400, "Invalid dataset format"),
            ("""{"dataset":"samples","outputModel":"start"}""", 409, "already exists"), ("""{"dataset":"samples","outputModel":"next"}""", 400, "its trainer does not run"),
        })
        {
            var (actual, refusal) = await _server.PostAsync($"{Steps}/alive:executeTrainStep", body);
            Assert.Equal(status, actual);
            Assert.Contains(message, refusal.GetProperty("message").GetString());
        }
        await _server.ForceStateAsync("accounts/local/rlorTrainerJobs/alive", JobStates.Running);
        Assert.Equal(501, (await _server.PostAsync($"{Steps}/alive:executeTrainStep", """{"dataset":"samples","outputModel":"next"}""")).Status);
    }

    [Fact]
    public async Task The_key_of_a_dashboard_is_neither_answered_nor_kept()
    {
        const string canary = "wandb-canary-5512";
        var job = await CreateAsync(Dpo, "dpoJobId=reported", $$"""{"dataset":"pairs","trainingConfig":{"baseModel":"tiny"},"wandbConfig":{"enabled":true,"apiKey":"{{canary}}","project":"p","entity":"e"} }""");
        Assert.Equal("p", job.GetProperty("wandbConfig").GetProperty("project").GetString());
        Assert.DoesNotContain(canary, job.GetRawText());
        Assert.DoesNotContain(canary, (await _server.Store.GetAsync("accounts/local/dpoJobs/reported", default))!.Json);
    }

    [Fact]
    public async Task Lists_filter_and_order_on_nested_settings()
    {
        foreach (var (id, rate) in new[] { ("slow", "1e-5"), ("fast", "4e-4") })
            await CreateAsync(Rft, $"reinforcementFineTuningJobId={id}", $$"""{"dataset":"prompts","evaluator":"judge","displayName":"rates","trainingConfig":{"baseModel":"tiny","learningRate":{{rate}} } }""");
        var (_, page) = await _server.GetAsync($"{Rft}?filter={Uri.EscapeDataString("display_name=\"rates\" AND state=\"JOB_STATE_FAILED\"")}&orderBy=trainingConfig.learningRate desc&readMask=name");
        Assert.Equal(["fast", "slow"], page.GetProperty("reinforcementFineTuningJobs").EnumerateArray().Select(job => job.GetProperty("name").GetString()!.Split('/')[^1]));
    }

    private async Task<JsonElement> CreateAsync(string address, string id, string json)
    {
        var (status, body) = await _server.PostAsync($"{address}?{id}", json);
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private async Task<JsonElement> CheckedAsync(string address, int expected)
    {
        var (status, body) = await _server.PostAsync(address, "{}");
        Assert.True(status == expected, $"{status} {body}");
        return body;
    }

    private async Task RefusedAsync(string address, string json, params string[] messages)
    {
        var collection = address.Split('/')[^1];
        var before = await _server.Store.CountAsync(collection, "accounts/local", true, default);
        var (status, body) = await _server.PostAsync(address, json);
        Assert.True(status is >= 400 and < 500, $"{status} {body}");
        foreach (var message in messages) Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(before, await _server.Store.CountAsync(collection, "accounts/local", true, default));
    }
}
