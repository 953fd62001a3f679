using System.Runtime.CompilerServices;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Batch inference: each row once, whatever ends meanwhile.</summary>
public sealed class BatchTests : IAsyncLifetime
{
    private const string Jobs = "/v1/accounts/local/batchInferenceJobs";
    private const string Job = "accounts/local/batchInferenceJobs/job";
    private const string Serve = "accounts/local/deployments/serve";

    private readonly ManualClock _clock = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-batch-").FullName;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(_folder, _clock);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Without_a_deployment_the_job_waits_starts_a_replica_of_its_own_and_gives_it_back()
    {
        await AddRowsAsync(5);
        var created = await CreateAsync(""" "displayName":"Five" """);
        Assert.Equal("JOB_STATE_VALIDATING", created.GetProperty("state").GetString());
        await _server.UntilAsync(async () => (await _server.Assignments.ListAsync(default)).Any(assignment => assignment.Resource == Job));
        var waiting = await GetAsync();
        Assert.Equal(("JOB_STATE_PENDING", true), (State(waiting), waiting.GetProperty("waitingOnCapacity").GetBoolean()));
        await _server.ServeAsync(Job);
        var job = await EndAsync("JOB_STATE_COMPLETED");
        Assert.Equal((5, 5, 5, 0, 100), (
            Progress(job, "totalInputRequests"), Progress(job, "totalProcessedRequests"), Progress(job, "successfullyProcessedRequests"), Progress(job, "failedRequests"), Progress(job, "percent")));
        Assert.Equal((15, 5, 10), (Progress(job, "inputTokens"), Progress(job, "cachedInputTokenCount"), Progress(job, "outputTokens")));
        Assert.Empty(await _server.Assignments.ListAsync(default));
        Assert.Empty(await _server.Store.ListEndpointsAsync(Job, default));

        var (answers, errors) = await OutputAsync(job);
        Assert.Equal(["row-0", "row-1", "row-2", "row-3", "row-4"], answers.Select(line => line.GetProperty("custom_id").GetString()!).Order());
        Assert.All(answers, line => Assert.Equal("Hello world", line.GetProperty("response").GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()));
        Assert.All(answers, line => Assert.Equal("chat.completion", line.GetProperty("response").GetProperty("object").GetString()));
        Assert.Empty(errors);
        var usage = await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default);
        Assert.Equal((5, 15, 10, "admin"), (usage.Sum(row => row.Rows), usage.Sum(row => row.PromptTokens), usage.Sum(row => row.CompletionTokens), usage[0].User));
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs", "local", "batchInferenceJobs", "job")) && (await _server.Store.ListOutboxAsync(_clock.GetUtcNow(), 10, default)).Count == 0);
    }

    [Fact]
    public async Task Rows_go_to_a_deployment_that_serves_the_model_and_their_own_settings_win()
    {
        await ServeAsync();
        await _server.AddBatchRowsAsync("rows", """
            {"custom_id":"a","body":{"messages":[{"role":"user","content":"Hi"}],"temperature":0.25,"max_tokens":1000000,"model":"other"}}
            {"custom_id":"b","body":{"messages":[{"role":"system","content":"Mine"},{"role":"user","content":"Hi"}]}}

            {"custom_id":"c","body":{"prompt_token_ids":[4,5,6],"n":2}}
            """);
        await CreateAsync("""
             "systemPrompt":"Be brief.","inferenceParameters":{"maxTokens":7,"temperature":1.5,"topP":0.5,"topK":9,"extraBody":"{\"seed\":3,\"top_k\":4,\"stream\":true}"}
            """);
        await EndAsync("JOB_STATE_COMPLETED");
        var requests = _server.Gateway.Requests.Select(request => request.Request).OrderBy(request => request.RequestId).ToList();
        Assert.Equal([(1_000_000, 0.25), (7, 1.5), (7, 1.5)], requests.Select(request => (request.MaxTokens!.Value, request.Temperature!.Value)));
        Assert.All(requests, request => Assert.Equal((0.5, 4, 3L), (request.TopP, request.TopK, request.Seed)));
        Assert.Equal("""[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]""", requests[0].MessagesJson);
        Assert.StartsWith("""[{"role":"system","content":"Mine"}""", requests[1].MessagesJson);
        Assert.Equal([4, 5, 6], requests[2].PromptTokenIds);
        Assert.Equal(2, requests[2].N);
        Assert.All(_server.Gateway.Requests, request => Assert.Equal("/run/", request.Socket[..5]));
        var answer = (await OutputAsync(await GetAsync())).Answers.Single(line => line.GetProperty("custom_id").GetString() == "c").GetProperty("response");
        Assert.Equal((2, TestServer.Base), (answer.GetProperty("choices").GetArrayLength(), answer.GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Failed_rows_go_to_the_error_file_and_are_not_billed()
    {
        await ServeAsync();
        await _server.AddBatchRowsAsync("rows", """
            {"custom_id":"good","body":{"messages":[{"role":"user","content":"Hi"}]}}
            {"custom_id":"hot","body":{"messages":[{"role":"user","content":"Hi"}],"temperature":9}}
            {"custom_id":"typed","body":{"messages":[{"role":"user","content":"Hi"}],"max_tokens":"many"}}
            {"custom_id":"long","body":{"messages":[{"role":"user","content":"too long"}]}}
            """);
        _server.Gateway.Always = (_, request, cancelled) =>
            request.MessagesJson!.Contains("too long") ? RefuseAsync(new ReplicaRequestException("INVALID_ARGUMENT", "The prompt is too long.")) : ScriptedGateway.HelloAsync(request, cancelled);
        await CreateAsync();
        var job = await EndAsync("JOB_STATE_COMPLETED");
        Assert.Equal((4, 1, 3), (Progress(job, "totalProcessedRequests"), Progress(job, "outputRows"), Progress(job, "failedRequests")));
        var (answers, errors) = await OutputAsync(job);
        Assert.Equal("good", Assert.Single(answers).GetProperty("custom_id").GetString());
        var faults = errors.ToDictionary(line => line.GetProperty("custom_id").GetString()!, line => line.GetProperty("error"));
        Assert.Equal(["hot", "long", "typed"], faults.Keys.Order());
        Assert.All(faults.Values, error => Assert.Equal("INVALID_ARGUMENT", error.GetProperty("code").GetString()));
        Assert.Contains("temperature must be from 0 to 2", faults["hot"].GetProperty("message").GetString());
        Assert.Equal("The prompt is too long.", faults["long"].GetProperty("message").GetString());
        Assert.Single(await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default));
    }

    [Theory]
    [InlineData("""{"custom_id":"x","body":{"messages":[{"role":"user","content":"a"},{"role":"bananas","content":"b"}]}}""", "invalid role bananas in message 1, must be 'system', 'user', 'assistant' or 'tool'")]
    [InlineData("""{"custom_id":"x","body":{"messages":[{"content":"a"}]}}""", "message 0 has no role")]
    public async Task A_row_that_is_no_request_fails_the_whole_job_before_it_has_an_output(string row, string message)
    {
        await ServeAsync();
        await _server.AddBatchRowsAsync("rows", Rows(3) + row);
        await CreateAsync(""" "outputDatasetId":"out" """);
        var job = await EndAsync("JOB_STATE_FAILED");
        Assert.Equal("INVALID_ARGUMENT", job.GetProperty("status").GetProperty("code").GetString());
        Assert.StartsWith("chat dataset validation failed on rows.jsonl:4: ", job.GetProperty("status").GetProperty("message").GetString());
        Assert.Contains(message, job.GetProperty("status").GetProperty("message").GetString());
        Assert.Equal(404, (await _server.GetAsync("/v1/accounts/local/datasets/out")).Status);
        Assert.Empty(_server.Gateway.Requests);
    }

    [Fact]
    public async Task After_a_crash_the_files_are_cut_and_rows_go_on_none_lost_none_billed_twice()
    {
        await ServeAsync();
        await AddRowsAsync(100);
        _server.Gateway.Always = AnswerUntil(40, new());
        await CreateAsync();
        await _server.UntilAsync(async () => Progress(await GetAsync(), "totalProcessedRequests") == 40);
        await _server.DisposeAsync();
        // Bytes that reached the disk before their transaction did.
        var run = Path.Combine(_folder, "runs", "local", "batchInferenceJobs", "job");
        await File.AppendAllTextAsync(Path.Combine(run, "BIJOutputSet.jsonl"), """{"custom_id":"row-99","response":{"half""");
        await File.AppendAllTextAsync(Path.Combine(run, "error-data"), "xyz");

        _server = await TestServer.StartAsync(_folder, _clock);
        Assert.Equal(40, Progress(await GetAsync(), "totalProcessedRequests"));
        await _server.ServeAsync(Serve);
        var job = await EndAsync("JOB_STATE_COMPLETED");
        Assert.Equal((100, 300), (Progress(job, "successfullyProcessedRequests"), Progress(job, "inputTokens")));
        var (answers, errors) = await OutputAsync(job);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"row-{i}").Order(), answers.Select(line => line.GetProperty("custom_id").GetString()!).Order());
        Assert.Empty(errors);
        var usage = await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default);
        Assert.Equal((100, 300), (usage.Count, usage.Sum(row => row.PromptTokens)));
    }

    [Fact]
    public async Task A_replica_that_ends_is_replaced_and_a_row_that_ends_replicas_fails_alone()
    {
        await ServeAsync();
        await AddRowsAsync(10);
        var dead = new HashSet<string>();
        _server.Gateway.Always = (socket, request, cancelled) =>
        {
            lock (dead)
            {
                if (request.RequestId == "job-4") dead.Add(socket);
                return dead.Contains(socket) ? RefuseAsync(new ReplicaLostException("killed")) : ScriptedGateway.HelloAsync(request, cancelled);
            }
        };
        await CreateAsync();
        // The deployment's replica ends, then two of the job's own; the third finishes.
        await _server.UntilAsync(async () => (await _server.Assignments.ListAsync(default)).Any(assignment => assignment.Resource == Job));
        var epoch = (await _server.AssignmentOfAsync(Job)).Epoch;
        for (var replica = 1; !(await GetAsync()).GetProperty("state").GetString()!.EndsWith("COMPLETED"); replica++)
        {
            await _server.Reports.ReplicaReadyAsync(Job, epoch, $"/own/{replica}.sock", [], default);
            await _server.UntilAsync(async () => State(await GetAsync()) == "JOB_STATE_COMPLETED" || dead.Contains($"/own/{replica}.sock"));
        }
        var (answers, errors) = await OutputAsync(await GetAsync());
        Assert.Equal(9, answers.Count);
        var error = Assert.Single(errors);
        Assert.Equal(("row-4", "UNAVAILABLE"), (error.GetProperty("custom_id").GetString(), error.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_replica_that_never_comes_up_fails_the_job_with_the_reason()
    {
        await AddRowsAsync(3);
        await CreateAsync(""" "outputDatasetId":"out" """);
        await _server.UntilAsync(async () => (await _server.Assignments.ListAsync(default)).Any(assignment => assignment.Resource == Job));
        var epoch = (await _server.AssignmentOfAsync(Job)).Epoch;
        for (var start = 0; start < 3; start++) Assert.True(await _server.Reports.ReplicaExitedAsync(Job, epoch, "The model has no tokenizer.json.", default));
        var job = await EndAsync("JOB_STATE_FAILED");
        Assert.Equal("The model has no tokenizer.json.", job.GetProperty("status").GetProperty("message").GetString());
        Assert.Equal(404, (await _server.GetAsync("/v1/accounts/local/datasets/out")).Status);
        Assert.Empty(await _server.Assignments.ListAsync(default));
    }

    [Fact]
    public async Task An_expired_job_keeps_its_finished_rows_and_another_goes_on_from_there()
    {
        await ServeAsync();
        await AddRowsAsync(50);
        _server.Gateway.Always = AnswerUntil(20, new(), failing: "row-3");
        await CreateAsync(""" "maxJobDuration":"43200s" """);
        await _server.UntilAsync(async () => Progress(await GetAsync(), "totalProcessedRequests") == 20);
        _clock.Advance(TimeSpan.FromHours(12));
        await _server.Server.Services.GetRequiredService<DueRunner>().RunAsync(default);
        var expired = await EndAsync("JOB_STATE_EXPIRED");
        Assert.Equal((19, 1), (Progress(expired, "successfullyProcessedRequests"), Progress(expired, "failedRequests")));
        var (answers, _) = await OutputAsync(expired);
        Assert.Equal(19, answers.Count);

        _server.Gateway.Always = null;
        var (status, next) = await _server.PostAsync($"{Jobs}?batchInferenceJobId=next", """{"continuedFromJobName":"job","model":"tiny"}""");
        Assert.True(status == 200, next.ToString());
        var rest = await EndAsync("JOB_STATE_COMPLETED", "next");
        Assert.Equal((31, 31), (Progress(rest, "totalInputRequests"), Progress(rest, "successfullyProcessedRequests")));
        var more = (await OutputAsync(rest)).Answers;
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"row-{i}").Order(), answers.Concat(more).Select(line => line.GetProperty("custom_id").GetString()!).Order());
    }

    [Fact]
    public async Task Delete_cancels_a_running_job_which_is_gone_then_and_keeps_what_was_answered()
    {
        await ServeAsync();
        await AddRowsAsync(50);
        _server.Gateway.Always = AnswerUntil(20, new());
        await CreateAsync(""" "outputDatasetId":"out" """);
        await _server.UntilAsync(async () => Progress(await GetAsync(), "totalProcessedRequests") == 20);
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/datasets/out")).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Jobs}/job")).Status);
        await _server.UntilAsync(async () => (await _server.GetAsync($"{Jobs}/job")).Status == 404);
        Assert.Equal("READY", (await _server.GetAsync("/v1/accounts/local/datasets/out")).Body.GetProperty("state").GetString());
        Assert.Equal(20, (await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default)).Count);
        // The name is free again, and its rows are billed anew.
        _server.Gateway.Always = null;
        await CreateAsync();
        await EndAsync("JOB_STATE_COMPLETED");
        Assert.Equal(70, (await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default)).Count);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Jobs}/job")).Status);
        Assert.Equal(404, (await _server.GetAsync($"{Jobs}/job")).Status);
    }

    [Fact]
    public async Task A_suspended_account_pauses_its_job_which_goes_on_afterwards()
    {
        await ServeAsync();
        await AddRowsAsync(100);
        var (asked, release) = (0, new TaskCompletionSource());
        _server.Gateway.Always = (_, request, cancelled) => Interlocked.Increment(ref asked) > 20 ? HeldAsync(release, request, cancelled) : ScriptedGateway.HelloAsync(request, cancelled);
        await CreateAsync();
        await _server.UntilAsync(async () => Progress(await GetAsync(), "totalProcessedRequests") == 20);
        var quotas = _server.Server.Services.GetRequiredService<Quotas>();
        await quotas.UpdateAsync(Caller.System, QuotaKind.MonthlySpend, "local", 0, default);
        release.SetResult();
        await _server.UntilAsync(async () => (await _server.Store.GetAsync(Job, default))!.State == "JOB_STATE_PAUSED");
        Assert.Contains("is suspended", Records.Read<BatchJobRecord>((await _server.Store.GetAsync(Job, default))!.Json).StatusMessage);
        await quotas.UpdateAsync(Caller.System, QuotaKind.MonthlySpend, "local", QuotaKind.MonthlySpend.Max, default);
        Assert.Equal(100, Progress(await EndAsync("JOB_STATE_COMPLETED"), "successfullyProcessedRequests"));
        Assert.Equal(100, (await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "batch" }, default)).Count);
    }

    [Theory]
    [InlineData("""{"inputDatasetId":"rows"}""", 400, "model is required")]
    [InlineData("""{"model":"tiny"}""", 400, "inputDatasetId is required")]
    [InlineData("""{"model":"absent","inputDatasetId":"rows"}""", 404, "absent not found")]
    [InlineData("""{"model":"tiny","inputDatasetId":"absent"}""", 404, "datasets/absent not found")]
    [InlineData("""{"model":"tiny","inputDatasetId":"empty"}""", 400, "is UPLOADING")]
    [InlineData("""{"model":"tiny","inputDatasetId":"accounts/other/datasets/rows"}""", 404, "not found")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","outputDatasetId":"rows"}""", 409, "already exists")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","outputDatasetId":"Not-An-Id"}""", 400, "outputDatasetId")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","inferenceParameters":{"temperature":3,"topK":101,"n":129,"topP":2,"maxTokens":-1}}""", 400, "maxTokens: -1 must be 1 or more. inferenceParameters.temperature: 3 must be from 0 to 2.")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","inferenceParameters":{"extraBody":"[1]"}}""", 400, "extraBody: must be a JSON object")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","maxJobDuration":"3600s"}""", 400, "12, 24, 48 or 72 hours")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","maxJobDuration":"1d"}""", 400, "is no duration")]
    [InlineData("""{"model":"tiny","continuedFromJobName":"absent"}""", 404, "batchInferenceJobs/absent not found")]
    [InlineData("""{"model":"tiny","inputDatasetId":"rows","webhook":"x"}""", 400, "unknown field \"webhook\"")]
    public async Task A_job_that_cannot_work_is_refused_when_it_is_created(string json, int status, string message)
    {
        await AddRowsAsync(3);
        await _server.Client.CreateDatasetAsync("empty");
        var (actual, body) = await _server.PostAsync(Jobs, json);
        Assert.Equal(status, actual);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    private async Task ServeAsync()
    {
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await _server.ServeAsync(Serve);
    }

    private static string Rows(int count) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $$$"""{"custom_id":"row-{{{i}}}","body":{"messages":[{"role":"user","content":"What is {{{i}}} + 1?"}]}}""" + "\n"));

    private Task AddRowsAsync(int count) => _server.AddBatchRowsAsync("rows", Rows(count));

    private async Task<JsonElement> CreateAsync(string? more = null)
    {
        var (status, body) = await _server.PostAsync($"{Jobs}?batchInferenceJobId=job", $$"""{"model":"tiny","inputDatasetId":"rows"{{(more is null ? "" : "," + more)}} }""");
        Assert.True(status == 200, body.ToString());
        return body;
    }

    private async Task<JsonElement> GetAsync(string id = "job") => (await _server.GetAsync($"{Jobs}/{id}")).Body;

    private async Task<JsonElement> EndAsync(string state, string id = "job")
    {
        await _server.UntilAsync(async () => (await GetAsync(id)).GetProperty("lifecycle").GetProperty("endTime").ValueKind != JsonValueKind.Null);
        var job = await GetAsync(id);
        Assert.True(State(job) == state, job.ToString());
        return job;
    }

    private static string? State(JsonElement job) => job.GetProperty("state").GetString();

    private static int Progress(JsonElement job, string field) => job.GetProperty("jobProgress").GetProperty(field).GetInt32();

    private async Task<(List<JsonElement> Answers, List<JsonElement> Errors)> OutputAsync(JsonElement job)
    {
        var row = await _server.Store.GetAsync(job.GetProperty("outputDatasetId").GetString()!, default);
        Assert.Equal(DatasetRecord.Ready, row!.State);
        var dataset = Records.Read<DatasetRecord>(row.Json);
        Assert.Equal(["BIJOutputSet.jsonl", "error-data"], dataset.Files.Select(file => file.FileName));
        var bytes = await File.ReadAllBytesAsync(_server.Server.Services.GetRequiredService<IBlobs>().PathOf(dataset.Blob));
        var files = dataset.Files.Select(file => System.Text.Encoding.UTF8.GetString(bytes, (int)file.Offset, (int)file.Bytes)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList()).ToList();
        return (files[0], files[1]);
    }

    /// <summary>Answers some rows, then no more: what is asked then waits for the end.</summary>
    private static Func<string, GenerationRequest, CancellationToken, IAsyncEnumerable<GenerationEvent>> AnswerUntil(int rows, StrongBox<int> count, string failing = "-")
    {
        return (_, request, cancelled) => Interlocked.Increment(ref count.Value) > rows ? WaitAsync(cancelled)
            : request.RequestId.EndsWith(failing.Replace("row", "")) ? RefuseAsync(new ReplicaRequestException("INTERNAL", "no"))
            : ScriptedGateway.HelloAsync(request, cancelled);
    }

    private static async IAsyncEnumerable<GenerationEvent> WaitAsync([EnumeratorCancellation] CancellationToken cancelled)
    {
        await Task.Delay(Timeout.Infinite, cancelled);
        yield break;
    }

    private static async IAsyncEnumerable<GenerationEvent> HeldAsync(
        TaskCompletionSource release, GenerationRequest request, [EnumeratorCancellation] CancellationToken cancelled)
    {
        await release.Task;
        await foreach (var part in ScriptedGateway.HelloAsync(request, cancelled)) yield return part;
    }

    private static async IAsyncEnumerable<GenerationEvent> RefuseAsync(Exception refusal)
    {
        await Task.Yield();
        if (refusal is not null) throw refusal;
        yield break;
    }
}
