using System.Text.Json;
using System.Text.RegularExpressions;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Every change leaves an entry of who made it, in the change's own transaction.</summary>
public sealed partial class AuditLogTests : ContractCase
{
    private const string Log = $"{Account}/auditLogs";

    private readonly ManualClock _clock = new();

    public override async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(clock: _clock);

    /// <summary>Operations of the contract that change nothing that a log could name.</summary>
    private static readonly string[] Unchanging =
    [
        "deploymentShapeVersions:match", "/v1/chat/completions", "/v1/completions", "/v1/messages",
        ":validateUpload", ":executeTrainStep", ":prepare", // they look, or hand a step to a trainer
    ];

    [Fact]
    public async Task Every_operation_of_the_contract_that_changes_something_has_an_entry()
    {
        await Server.AddDatasetAsync("rows");
        await Server.AddDatasetAsync("pairs", TestServer.PreferenceRow);
        await Server.AddDatasetAsync("prompts", TestServer.PromptRow);
        await Server.AddDatasetAsync("samples", TestServer.SamplesRow);
        await Server.AddBatchRowsAsync("questions", string.Concat("abc".Select(id => $$$"""{"custom_id":"{{{id}}}","body":{"messages":[{"role":"user","content":"Hi"}]}}""" + "\n")));
        await Server.AddEvaluatorAsync("judge");
        await Server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "tuned" }, "trained");
        await Server.TrainAsync("accounts/local/supervisedFineTuningJobs/trained");
        var (logged, made) = (new HashSet<string>(), "");
        foreach (var step in Script.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = step.Replace("LORA", made).Replace("KEY", made).Split(' ', 3);
            if (parts[0] == "STATE")
            {
                await Server.ForceStateAsync($"accounts/local/{parts[1]}", parts[2]);
                continue;
            }
            var (method, address) = (parts[0], parts[1].StartsWith('/') ? parts[1] : $"{Account}/{parts[1]}");
            var before = await NewestAsync();
            var (status, body) = await Server.SendAsync(new HttpMethod(method), address, parts.Length == 3 ? parts[2] : null);
            Assert.True(status == 200, $"{step}: {status} {body}");
            var entry = await NewestAsync();
            Assert.True(entry.Id > before.Id, $"{step} left no entry");
            Assert.Equal(("admin@localhost", "local"), (entry.Principal, entry.Account));
            Assert.StartsWith("accounts/local/", entry.Resource);
            if (parts[1] == "deployedModels") made = Text(body, "name").Split('/')[^1];
            if (parts[1].EndsWith("/apiKeys")) made = Text(body, "keyId");
            if (!address.StartsWith("/hearth")) logged.Add($"{method} {Contract.PathOf(address)}");
        }
        var (uploaded, answer) = await Server.UploadAsync("second", TestServer.Rows(5));
        Assert.True(uploaded == 200, answer.ToString());
        Assert.Equal("accounts/local/datasets/second", (await NewestAsync()).Resource);
        logged.Add($"POST {Contract.PathOf($"{Account}/datasets/second:upload")}");
        foreach (var (method, path) in Contract.Operations.Where(operation => operation.Method != "GET" && !Unchanging.Any(operation.Path.EndsWith)))
        {
            if (logged.Contains($"{method} {path}")) continue;
            var (status, body) = await Server.SendAsync(new HttpMethod(method), Parameter().Replace(path.Replace("{account_id}", "local"), "absent"), method == "DELETE" ? null : "{}");
            Assert.True(status == 501, $"{method} {path} is in no step of the test ({status} {body})");
        }
    }

    [Fact]
    public async Task The_log_is_paged_newest_first_and_filtered()
    {
        for (var i = 0; i < 12; i++) await CheckAsync("POST", $"{Account}/secrets", $$"""{"name":"secret-{{i}}","value":"v"}""");
        var (_, key) = await Server.PostAsync($"{Account}/users/admin/apiKeys", """{"apiKey":{}}""");
        var (_, page) = await Server.GetAsync(Log);
        Assert.Equal((10, 0), (page.GetProperty("auditLogs").GetArrayLength(), page.GetProperty("totalSize").GetInt32()));
        var newest = page.GetProperty("auditLogs")[0];
        Assert.Equal(("apiKeys.create", key.GetProperty("keyId").GetString(), "admin@localhost", "OK"), (Text(newest, "eventType"), Text(newest, "targetApiKeyId"), Text(newest, "email"), Text(newest, "responseCode")));
        var (_, second) = await Server.GetAsync($"{Log}?pageToken={page.GetProperty("nextPageToken").GetString()}&pageSize=200");
        Assert.Equal(["secrets.create", "secrets.create", "secrets.create"], second.GetProperty("auditLogs").EnumerateArray().Select(entry => Text(entry, "eventType")).Take(3));
        foreach (var (filter, count) in new[]
        {
            ("event_type=%22secrets.create%22", 12), ("resource:%22accounts/local/secrets/secret-1*%22", 3), ($"target_api_key_id=%22{Text(key, "keyId")}%22", 1), ("email=%22nobody%22", 0),
        })
        {
            var (status, found) = await Server.GetAsync($"{Log}?filter={filter}&pageSize=100");
            Assert.True(status == 200, found.ToString());
            Assert.Equal(count, found.GetProperty("auditLogs").GetArrayLength());
        }
        Assert.Equal(400, (await Server.GetAsync($"{Log}?filter=colour=%22red%22")).Status);
        Assert.Equal(400, (await Server.GetAsync($"{Log}?orderBy=email")).Status);
        Assert.Equal(400, (await Server.GetAsync($"{Log}?pageToken={page.GetProperty("nextPageToken").GetString()}&filter=email=%22x%22")).Status);
    }

    [Fact]
    public async Task The_last_thirty_days_are_shown_unless_a_time_is_given()
    {
        var made = _clock.GetUtcNow();
        await CheckAsync("POST", $"{Account}/secrets", """{"name":"early","value":"v"}""");
        _clock.Advance(TimeSpan.FromDays(31));
        await CheckAsync("POST", $"{Account}/secrets", """{"name":"late","value":"v"}""");
        Assert.Equal("accounts/local/secrets/late", Text(Assert.Single((await Server.GetAsync(Log)).Body.GetProperty("auditLogs").EnumerateArray()), "resource"));
        var between = $"startTime={made.AddMinutes(-1):yyyy-MM-ddTHH:mm:ssZ}&endTime={made.AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}&filter=event_type=%22secrets.create%22";
        Assert.Equal("accounts/local/secrets/early", Text(Assert.Single((await Server.GetAsync($"{Log}?{between}")).Body.GetProperty("auditLogs").EnumerateArray()), "resource"));
    }

    private static string Text(JsonElement entry, string field) => entry.GetProperty(field).GetString()!;

    private const string Script = """
        POST users?userId=alice {"role":"user","email":"alice@example.com"}
        PATCH users/alice {"displayName":"Alice"}
        POST users/alice/apiKeys {"apiKey":{}}
        POST users/alice/apiKeys:delete {"keyId":"KEY"}
        POST secrets {"name":"one","value":"v"}
        PATCH secrets/one {"value":"w"}
        DELETE secrets/one
        POST datasets {"datasetId":"second","dataset":{}}
        PATCH datasets/second {"displayName":"Second"}
        POST datasets {"datasetId":"third","dataset":{}}
        POST datasets/third:getUploadEndpoint {"filenameToSize":{"a.jsonl":"10"}}
        DELETE datasets/third
        POST models {"modelId":"mine","model":{"kind":"HF_PEFT_ADDON","peftDetails":{"baseModel":"accounts/fireworks/models/tiny","r":8,"targetModules":["q_proj"]}}}
        PATCH models/mine {"displayName":"Mine"}
        POST models/mine:getUploadEndpoint {"filenameToSize":{"adapter_model.safetensors":"10"}}
        DELETE models/mine
        POST deployments?deploymentId=serve {"baseModel":"tiny","enableAddons":true}
        PATCH deployments/serve {"displayName":"Serve"}
        PATCH deployments/serve:scale {"replicaCount":1}
        POST deployedModels {"model":"tuned","deployment":"serve"}
        PATCH deployedModels/LORA {"displayName":"Lora"}
        DELETE deployedModels/LORA
        DELETE deployments/serve
        POST deployments/serve:undelete {}
        POST supervisedFineTuningJobs?supervisedFineTuningJobId=sft {"dataset":"rows","baseModel":"tiny"}
        POST /hearth/v1/accounts/local/supervisedFineTuningJobs/sft:pause {}
        POST supervisedFineTuningJobs/sft:resume {}
        POST supervisedFineTuningJobs/sft:cancel {}
        DELETE supervisedFineTuningJobs/sft
        POST dpoJobs?dpoJobId=dpo {"dataset":"pairs","trainingConfig":{"baseModel":"tiny"}}
        POST dpoJobs/dpo:resume {}
        STATE dpoJobs/dpo JOB_STATE_RUNNING
        POST dpoJobs/dpo:cancel {}
        DELETE dpoJobs/dpo
        POST reinforcementFineTuningJobs?reinforcementFineTuningJobId=rft {"dataset":"prompts","evaluator":"judge","trainingConfig":{"baseModel":"tiny"}}
        POST reinforcementFineTuningJobs/rft:resume {}
        STATE reinforcementFineTuningJobs/rft JOB_STATE_RUNNING
        POST reinforcementFineTuningJobs/rft:cancel {}
        DELETE reinforcementFineTuningJobs/rft
        POST rlorTrainerJobs?rlorTrainerJobId=step {"dataset":"samples","trainingConfig":{"baseModel":"tiny"}}
        POST rlorTrainerJobs/step:resume {}
        STATE rlorTrainerJobs/step JOB_STATE_RUNNING
        POST rlorTrainerJobs/step:cancel {}
        DELETE rlorTrainerJobs/step
        POST batchInferenceJobs?batchInferenceJobId=batch {"model":"tiny","inputDatasetId":"questions"}
        DELETE batchInferenceJobs/batch
        POST evaluatorsV2 {"evaluatorId":"other","evaluator":{}}
        PATCH evaluators/other {"displayName":"Other"}
        POST evaluators/other:getUploadEndpoint {"filenameToSize":{"p.tar.gz":"10"}}
        DELETE evaluators/other
        POST evaluationJobs {"evaluationJobId":"evaluation","evaluationJob":{"evaluator":"judge","inputDataset":"prompts","outputDataset":"out"}}
        DELETE evaluationJobs/evaluation
        """;

    private async Task<AuditEntry> NewestAsync() => (await Server.Store.ListAuditAsync(new AuditQuery("local") { Limit = 1 }, default))[0];

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
