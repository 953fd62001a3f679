using System.Text.Json;
using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Walks the published contract: every operation is routed, and what we answer validates strictly.</summary>
public sealed class ContractTests : ContractCase
{
    [Fact]
    public async Task Every_operation_is_routed()
    {
        foreach (var (method, path) in Contract.Operations)
        {
            var address = path.Replace("{account_id}", "local");
            address = System.Text.RegularExpressions.Regex.Replace(address, @"\{[^}]+\}", "absent");
            var (status, body) = await Server.SendAsync(new HttpMethod(method), address, method is "GET" or "DELETE" ? null : "{}");
            Assert.True(status != 405 && !body.ToString().Contains("Path not found"), $"{method} {path}: {status} {body}");
            // None is left out: what a later version will run is checked and kept by this one, and its resource says so.
            Assert.True(status < 500, $"{method} {path}: {status} {body}");
        }
    }

    [Fact]
    public async Task Minimal_and_full_datasets_are_as_documented()
    {
        await CheckAsync("POST", $"{Account}/datasets", """{"datasetId":"minimal","dataset":{}}""");
        await CheckAsync("POST", $"{Account}/datasets", """
            {"datasetId":"full","dataset":{"displayName":"Full","userUploaded":{},"exampleCount":"8","format":"CHAT","sourceJobName":"accounts/local/jobs/j",
             "evaluationResult":{"evaluationJobId":"e"},"splitted":{"sourceDatasetId":"s"},"transformed":{"sourceDatasetId":"t","originalFormat":"CHAT"},"evalProtocol":{}}}
            """);
        using var form = new MultipartFormDataContent { { new StringContent(TestServer.Rows(5)), "file", "rows.jsonl" } };
        var upload = await Server.Http.PostAsync($"{Account}/datasets/minimal:upload", form);
        Check("POST", $"{Account}/datasets/minimal:upload", JsonDocument.Parse(await upload.Content.ReadAsStringAsync()).RootElement);
        await CheckAsync("GET", $"{Account}/datasets/minimal");
        await CheckAsync("GET", $"{Account}/datasets/full");
        await CheckAsync("PATCH", $"{Account}/datasets/full", """{"displayName":"Fuller"}""");
        await CheckAsync("POST", $"{Account}/datasets/minimal:validateUpload", "{}");
        await CheckAsync("GET", $"{Account}/datasets");
        await CheckAsync("DELETE", $"{Account}/datasets/full");
    }

    [Fact]
    public async Task Jobs_models_and_deployments_are_as_documented_in_every_state()
    {
        await Server.AddDatasetAsync("rows");
        await CheckAsync("POST", $"{Account}/supervisedFineTuningJobs?supervisedFineTuningJobId=small", $$"""{"dataset":"rows","baseModel":"tiny","outputModel":"tuned"}""");
        await Server.TrainAsync("accounts/local/supervisedFineTuningJobs/small");
        await CheckAsync("GET", $"{Account}/supervisedFineTuningJobs/small");
        await CheckAsync("POST", $"{Account}/supervisedFineTuningJobs", """
            {"dataset":"accounts/local/datasets/rows","baseModel":"accounts/fireworks/models/tiny","outputModel":"other","displayName":"All of it","epochs":2,"learningRate":0.001,
             "learningRateWarmupSteps":3,"loraRank":16,"maxContextLength":512,"batchSize":4096,"batchSizeSamples":4,"gradientAccumulationSteps":2,"optimizerWeightDecay":0.1,
             "evaluationDataset":"rows","earlyStop":true,"lrScheduler":{"cosine":{"minLrRatio":0.1,"decayRatio":0.9}},"isTurbo":false,"jinjaTemplate":"{{ messages }}","nodes":1,"region":"US_IOWA_1","evalAutoCarveout":false,
             "wandbConfig":{"enabled":false,"apiKey":"secret","project":"p","entity":"e"},"mtpEnabled":false,"useReservation":false,"usePurpose":"PURPOSE_PILOT","hearthSeed":"7"}
            """);
        await CheckAsync("GET", $"{Account}/supervisedFineTuningJobs");
        await CheckAsync("GET", $"{Account}/models/tuned");
        await CheckAsync("GET", "/v1/accounts/fireworks/models/tiny");
        await CheckAsync("GET", "/v1/accounts/fireworks/models");
        await CheckAsync("POST", $"{Account}/models", """
            {"modelId":"mine","model":{"kind":"HF_PEFT_ADDON","displayName":"Mine","description":"d","public":false,"contextLength":128,"conversationConfig":{"style":"jinja"},
             "peftDetails":{"baseModel":"accounts/fireworks/models/tiny","r":8,"targetModules":["q_proj"]},"huggingFaceUrl":"h","githubUrl":"g","defaultDraftModel":"x",
             "defaultDraftTokenCount":4,"deprecationDate":{"year":2027,"month":1,"day":2},"supportsTools":true,"supportsLora":true,"useHfApplyChatTemplate":true}}
            """);
        await CheckAsync("POST", $"{Account}/models", """{"modelId":"base","model":{"baseModelDetails":{"parameterCount":"12","worldSize":1,"checkpointFormat":"HUGGINGFACE"}}}""");
        await CheckAsync("PATCH", $"{Account}/models/mine", """{"description":"changed"}""");
        await CheckAsync("GET", $"{Account}/models");
        await CheckAsync("DELETE", $"{Account}/models/mine");

        await CheckAsync("POST", $"{Account}/deployments?deploymentId=small", $$"""{"baseModel":"tiny"}""");
        await CheckAsync("POST", $"{Account}/deployments?deploymentId=full", """
            {"baseModel":"accounts/fireworks/models/tiny","displayName":"Full","description":"d","enableAddons":true,"minReplicaCount":0,"maxReplicaCount":1,"maxContextLength":512,"ngramSpeculationLength":4,
             "acceleratorType":"NVIDIA_H100_80GB","acceleratorCount":1,"precision":"BF16","placement":{"region":"US_IOWA_1","multiRegion":"GLOBAL","regions":["US_IOWA_1"]},
             "autoscalingPolicy":{"scaleUpWindow":"10s","loadTargets":{"default":0.5,"tokens_generated_per_second":10}},"autoTune":{"longPrompt":true},"enableSessionAffinity":true,
             "expireTime":"2027-01-01T00:00:00Z","disableDeploymentSizeValidation":true,"pricingPlanId":"p","deploymentTemplate":"t"}
            """);
        await Server.ServeAsync("accounts/local/deployments/full");
        await CheckAsync("GET", $"{Account}/deployments/full");
        await CheckAsync("PATCH", $"{Account}/deployments/full", """{"description":"changed"}""");
        await CheckAsync("PATCH", $"{Account}/deployments/small:scale", """{"replicaCount":0}""");
        await CheckAsync("GET", $"{Account}/deployments");
        var addon = await CheckAsync("POST", $"{Account}/deployedModels", """{"model":"tuned","deployment":"full","default":true,"displayName":"d","description":"e","public":false}""");
        var record = $"/v1/{addon.GetProperty("name").GetString()}";
        await CheckAsync("GET", record);
        await CheckAsync("PATCH", record, """{"displayName":"changed"}""");
        await CheckAsync("GET", $"{Account}/deployedModels");
        await CheckAsync("DELETE", record);
        await CheckAsync("DELETE", $"{Account}/deployments/full");
        await CheckAsync("POST", $"{Account}/deployments/full:undelete", "{}");
        await CheckAsync("GET", $"{Account}/deployments?showDeleted=true");
    }

    [Fact]
    public async Task Accounts_users_and_keys_are_as_documented()
    {
        await CheckAsync("GET", "/v1/accounts");
        await CheckAsync("GET", Account);
        await CheckAsync("POST", $"{Account}/users?userId=alice", """{"role":"user","email":"alice@example.com","displayName":"Alice"}""");
        await CheckAsync("PATCH", $"{Account}/users/alice", """{"role":"contributor"}""");
        await CheckAsync("GET", $"{Account}/users/alice");
        await CheckAsync("GET", $"{Account}/users");
        var key = await CheckAsync("POST", $"{Account}/users/alice/apiKeys", """{"apiKey":{"displayName":"laptop","expireTime":"2099-01-01T00:00:00Z"}}""");
        await CheckAsync("GET", $"{Account}/users/alice/apiKeys");
        await CheckAsync("POST", $"{Account}/users/alice/apiKeys:delete", $$"""{"keyId":"{{key.GetProperty("keyId").GetString()}}"}""");
    }

    [Fact]
    public async Task Completions_are_as_documented_streamed_and_not()
    {
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await Server.ServeAsync("accounts/local/deployments/serve");
        const string extras = """ "logprobs":true,"top_logprobs":2,"return_token_ids":true,"perf_metrics_in_response":true,"n":2 """;
        const string chat = """ "model":"tiny","messages":[{"role":"user","content":"Hi"}] """;
        const string text = """ "model":"tiny","prompt":"Hi" """;
        await CheckAsync("POST", "/v1/chat/completions", $"{{{chat}}}");
        await CheckAsync("POST", "/v1/chat/completions", $"{{{chat},{extras}}}");
        await CheckAsync("POST", "/v1/chat/completions", $$"""{{{chat}},"logprobs":3}""");
        await CheckAsync("POST", "/v1/completions", $"{{{text}}}");
        await CheckAsync("POST", "/v1/completions", $"{{{text},{extras}}}");
        await CheckStreamAsync("/v1/chat/completions", $$"""{{{chat}},{{extras}},"stream":true}""", "ChatCompletionChunk");
        await CheckStreamAsync("/v1/completions", $$"""{{{text}},{{extras}},"stream":true}""", "CompletionChunk");
    }

    [Theory]
    [InlineData("\"state\":\"READY\"", "\"state\":\"DONE\"")]
    [InlineData("\"exampleCount\":\"0\"", "\"exampleCount\":0")]
    [InlineData("\"displayName\"", "\"display_name\"")]
    [InlineData("\"code\":\"OK\"", "\"code\":0")]
    [InlineData("Z\"", "\"")]
    public void The_validation_sees_a_wrong_value_type_and_name(string right, string wrong)
    {
        const string dataset = """{"name":"n","state":"READY","exampleCount":"0","displayName":"d","status":{"code":"OK","message":""},"createTime":"2026-01-01T00:00:00Z"}""";
        Assert.Empty(Contract.ValidateAs("Dataset", JsonDocument.Parse(dataset).RootElement));
        Assert.Single(Contract.ValidateAs("Dataset", JsonDocument.Parse(dataset.Replace(right, wrong)).RootElement));
    }

    [Fact]
    public void Our_records_spell_the_contracts_names_and_enums()
    {
        (Type Ours, string Theirs)[] pairs =
        [
            (typeof(Account), "Account"), (typeof(User), "User"), (typeof(ApiKey), "APIKey"), (typeof(Dataset), "Dataset"), (typeof(Model), "Model"),
            (typeof(Deployment), "Deployment"), (typeof(DeployedModel), "DeployedModel"),
        ];
        foreach (var (ours, theirs) in pairs)
        {
            var names = ContractJson.Options.GetTypeInfo(ours).Properties.Where(property => property.Get is not null).Select(property => property.Name).Where(name => !name.StartsWith("hearth"));
            var documented = Contract.Schema(theirs).GetProperty("properties").EnumerateObject().Select(property => property.Name).ToHashSet();
            Assert.Equal(documented.Order(), names.Where(name => documented.Contains(name) || !Contract.IsExtra(theirs, name)).Order()); // some are documented elsewhere
        }
        SameNames(typeof(SupervisedFineTuningJob), "SupervisedFineTuningJob");
        Assert.Equal(
            Contract.Schema("SupervisedFineTuningJob").GetProperty("properties").GetProperty("state").GetProperty("enum").EnumerateArray().Select(state => state.GetString()),
            Enum.GetNames<JobState>());
    }
}
