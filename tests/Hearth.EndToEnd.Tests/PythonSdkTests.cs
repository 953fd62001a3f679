using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The flows of the official Python SDK against the real program, in its wire form.</summary>
public sealed class PythonSdkTests(FirstLightTests.SharedServer shared) : IClassFixture<FirstLightTests.SharedServer>, IDisposable
{
    private const string Account = "/v1/accounts/local";
    private readonly PythonSdk _sdk = new(shared.Server.Url, shared.Server.AdminKey);

    public void Dispose() => _sdk.Dispose();

    [Fact]
    public async Task A_dataset_is_made_uploaded_as_a_form_found_and_deleted()
    {
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets", """{"datasetId":"form","dataset":{"displayName":"Form","exampleCount":"8","format":"CHAT","userUploaded":{}}}"""));
        Assert.Equal("UPLOADING", State(await PythonSdk.Ok(_sdk.GetAsync($"{Account}/datasets/form"))));
        var file = await PythonSdk.Ok(_sdk.UploadAsync($"{Account}/datasets/form:upload", "rows.jsonl", TrainedRows.JsonLines(8)));
        Assert.Equal("rows.jsonl", file.GetProperty("filename").GetString());
        Assert.Empty((await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets/form:validateUpload", "{}"))).EnumerateObject());
        var ready = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/datasets/form?readMask=name%2Cstate%2CexampleCount"));
        Assert.Equal(("READY", "8"), (State(ready), ready.GetProperty("exampleCount").GetString()));
        var listed = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/datasets?filter=display_name%3D%22Form%22&orderBy=createTime+desc&pageSize=1"));
        Assert.Equal("accounts/local/datasets/form", Assert.Single(listed.GetProperty("datasets").EnumerateArray()).GetProperty("name").GetString());
        Assert.Empty((await PythonSdk.Ok(_sdk.DeleteAsync($"{Account}/datasets/form"))).EnumerateObject());
        var (status, gone) = await _sdk.GetAsync($"{Account}/datasets/form");
        Assert.Equal((404, 5), (status, gone.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_dataset_named_in_snake_case_is_uploaded_to_a_signed_address()
    {
        var rows = TrainedRows.JsonLines(8);
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets", """{"dataset_id":"signed","dataset":{"display_name":"Signed","example_count":"8","user_uploaded":{}}}"""));
        var addresses = await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets/signed:getUploadEndpoint", $$$"""{"filenameToSize":{"rows.jsonl":"{{{Encoding.UTF8.GetByteCount(rows)}}}"}}"""));
        Assert.Equal(200, await PythonSdk.PutAsync(addresses.GetProperty("filenameToSignedUrls").GetProperty("rows.jsonl").GetString()!, rows));
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets/signed:validateUpload", "{}"));
        var ready = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/datasets/signed"));
        Assert.Equal(("READY", "8"), (State(ready), ready.GetProperty("exampleCount").GetString()));
        var download = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/datasets/signed:getDownloadEndpoint"));
        using var http = new HttpClient();
        Assert.Equal(rows, await http.GetStringAsync(download.GetProperty("filenameToSignedUrls").EnumerateObject().Single().Value.GetString()));
        await PythonSdk.Ok(_sdk.DeleteAsync($"{Account}/datasets/signed"));
    }

    [Fact]
    public async Task A_job_is_polled_until_its_model_is_there_and_the_model_is_deployed_asked_and_taken_down()
    {
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets", """{"datasetId":"sdk-rows","dataset":{"exampleCount":"32","userUploaded":{}}}"""));
        await PythonSdk.Ok(_sdk.UploadAsync($"{Account}/datasets/sdk-rows:upload", "rows.jsonl", TrainedRows.JsonLines(32)));
        var job = await PythonSdk.Ok(_sdk.PostAsync($"{Account}/supervisedFineTuningJobs?supervisedFineTuningJobId=sdk-job", $$"""
            {"dataset":"accounts/local/datasets/sdk-rows","base_model":"{{RunningServer.BaseModel}}","output_model":"accounts/local/models/sdk-model",
             "lora_rank":8,"learning_rate":0.001,"epochs":1,"batch_size_samples":16,"max_context_length":256}
            """));
        Assert.Equal("accounts/local/supervisedFineTuningJobs/sdk-job", job.GetProperty("name").GetString());
        job = await _sdk.UntilAsync($"{Account}/supervisedFineTuningJobs/sdk-job", resource => State(resource) is "JOB_STATE_COMPLETED" or "JOB_STATE_FAILED");
        Assert.True(State(job) == "JOB_STATE_COMPLETED", job.ToString());
        var model = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/models/sdk-model"));
        Assert.Equal(("READY", "HF_PEFT_ADDON"), (State(model), model.GetProperty("kind").GetString()));

        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/deployments?deploymentId=sdk-serve", """{"baseModel":"accounts/local/models/sdk-model","minReplicaCount":1,"maxReplicaCount":1,"acceleratorType":"NVIDIA_H100_80GB"}"""));
        await _sdk.UntilAsync($"{Account}/deployments/sdk-serve", resource => State(resource) == "READY");
        const string question = """ "model":"accounts/local/deployments/sdk-serve","messages":[{"role":"user","content":"What is 3 + 4?"}],"max_tokens":16,"temperature":0 """;
        var answer = await PythonSdk.Ok(_sdk.PostAsync("/v1/chat/completions", $"{{{question}}}"));
        var text = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();
        var events = await _sdk.StreamAsync("/inference/v1/chat/completions", $$"""{{{question}},"stream":true}""");
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement).ToList();
        Assert.Equal(text, string.Concat(chunks.Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var piece) ? piece.GetString() : "")));
        Assert.True(chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32() > 0);

        var (refused, reason) = await _sdk.DeleteAsync($"{Account}/deployments/sdk-serve");
        Assert.Equal((400, 9), (refused, reason.GetProperty("code").GetInt32())); // asked within the hour
        await PythonSdk.Ok(_sdk.DeleteAsync($"{Account}/deployments/sdk-serve?ignoreChecks=true"));
        Assert.Equal(404, (await _sdk.GetAsync($"{Account}/deployments/sdk-serve")).Status);
        Assert.Equal(404, (await _sdk.PostAsync("/v1/chat/completions", $"{{{question}}}")).Status);
        await PythonSdk.Ok(_sdk.DeleteAsync($"{Account}/supervisedFineTuningJobs/sdk-job"));
        Assert.Equal("READY", State(await PythonSdk.Ok(_sdk.GetAsync($"{Account}/models/sdk-model"))));
    }

    [Fact]
    public async Task Keys_are_made_used_listed_and_revoked()
    {
        var made = await PythonSdk.Ok(_sdk.PostAsync($"{Account}/users/admin/apiKeys", """{"apiKey":{"displayName":"sdk"}}"""));
        using (var other = new PythonSdk(shared.Server.Url, made.GetProperty("key").GetString()!)) await PythonSdk.Ok(other.GetAsync(Account));
        var listed = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/users/admin/apiKeys?pageSize=200"));
        Assert.Contains(listed.GetProperty("apiKeys").EnumerateArray(), key => key.GetProperty("keyId").GetString() == made.GetProperty("keyId").GetString());
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/users/admin/apiKeys:delete", $$"""{"keyId":"{{made.GetProperty("keyId").GetString()}}"}"""));
        using var revoked = new PythonSdk(shared.Server.Url, made.GetProperty("key").GetString()!);
        Assert.Equal(401, (await revoked.GetAsync(Account)).Status);
        using var limited = new PythonSdk(shared.Server.Url, shared.Server.LimitedKey);
        Assert.Equal(403, (await limited.PostAsync($"{Account}/datasets", """{"datasetId":"never","dataset":{}}""")).Status);
    }

    [Fact]
    public async Task Secrets_are_kept_and_never_told()
    {
        var made = await PythonSdk.Ok(_sdk.PostAsync($"{Account}/secrets", """{"name":"accounts/local/secrets/sdk-secret","keyName":"SDK_KEY","value":"hidden-value"}"""));
        var address = "/v1/" + made.GetProperty("name").GetString();
        await PythonSdk.Ok(_sdk.PatchAsync(address, """{"keyName":"SDK_KEY","value":"another-hidden-value"}"""));
        var listed = await PythonSdk.Ok(_sdk.GetAsync($"{Account}/secrets"));
        Assert.Contains(listed.GetProperty("secrets").EnumerateArray(), secret => secret.GetProperty("keyName").GetString() == "SDK_KEY");
        Assert.DoesNotContain("hidden", $"{made}{listed}{await PythonSdk.Ok(_sdk.GetAsync(address))}");
        await PythonSdk.Ok(_sdk.DeleteAsync(address));
        Assert.Equal(404, (await _sdk.GetAsync(address)).Status);
    }

    [Fact]
    public async Task Final_refusals_are_sent_once_and_passing_ones_again()
    {
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/datasets", """{"datasetId":"once","dataset":{}}"""));
        Assert.Equal((409, 1), ((await _sdk.PostAsync($"{Account}/datasets", """{"datasetId":"once","dataset":{}}""")).Status, _sdk.Sent));
        await PythonSdk.Ok(_sdk.PostAsync($"{Account}/deployments?deploymentId=parked", $$"""{"baseModel":"{{RunningServer.BaseModel}}","minReplicaCount":0,"maxReplicaCount":1}"""));
        await PythonSdk.Ok(_sdk.PatchAsync($"{Account}/deployments/parked:scale", """{"replicaCount":0}"""));
        var (status, body) = await _sdk.PostAsync("/v1/chat/completions", """{"model":"accounts/local/deployments/parked","messages":[{"role":"user","content":"Hi"}],"max_tokens":1}""");
        Assert.True((status, _sdk.Sent) is (503, 3) or (200, _), $"{status} after {_sdk.Sent}: {body}"); // the first request wakes it
        await PythonSdk.Ok(_sdk.DeleteAsync($"{Account}/deployments/parked?ignoreChecks=true&hard=true"));
    }

    private static string State(JsonElement resource) => resource.GetProperty("state").GetString()!;
}
