using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Quotas: their shape, who may change them, and that they hold.</summary>
public sealed class QuotaTests : IDisposable
{
    private const string Account = "/v1/accounts/local", Quotas = $"{Account}/quotas";
    private const string Chat = """{"model":"accounts/fireworks/models/tiny","messages":[{"role":"user","content":"Hi"}]}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-quotas-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Quotas_are_listed_read_and_changed_in_the_platforms_shape()
    {
        await using var server = await TestServer.StartAsync(_directory);
        var (_, list) = await server.GetAsync(Quotas);
        var ids = list.GetProperty("quotas").EnumerateArray().Select(quota => Text(quota, "name").Split('/')[^1]).ToList();
        Assert.Equal(ids.Order(StringComparer.Ordinal), ids);
        Assert.Empty(new[] { "monthly-spend-usd", "serverless-inference-rpm", "training-h100-count", "training-b300-count" }.Except(ids));
        var spend = (await server.GetAsync($"{Quotas}/monthly-spend-usd")).Body;
        Assert.Equal(("9999999", "9999999", JsonValueKind.Number), (Text(spend, "value"), Text(spend, "maxValue"), spend.GetProperty("usage").ValueKind));
        Assert.Equal(["name", "value", "maxValue", "usage", "updateTime"], spend.EnumerateObject().Select(field => field.Name));
        var (status, changed) = await server.SendAsync(HttpMethod.Patch, $"{Quotas}/monthly-spend-usd", """{"value":"500"}""");
        Assert.Equal((200, "500", "9999999"), (status, Text(changed, "value"), Text(changed, "maxValue")));
        Assert.Equal("500", Text((await server.GetAsync($"{Quotas}?filter=value=500")).Body.GetProperty("quotas")[0], "value"));
        foreach (var wrong in new[] { """{"value":"10000000"}""", """{"value":"-1"}""", "{}", """{"value":"many"}""" })
            Assert.Equal(400, (await server.SendAsync(HttpMethod.Patch, $"{Quotas}/monthly-spend-usd", wrong)).Status);
        Assert.Equal(404, (await server.GetAsync($"{Quotas}/absent")).Status);
    }

    [Fact]
    public async Task Datasets_stop_at_the_accounts_bytes()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("first");
        var used = (long)(await server.GetAsync($"{Quotas}/hearth-dataset-bytes")).Body.GetProperty("usage").GetDouble();
        Assert.Equal(TestServer.Rows(8).Length, used);
        await SetAsync(server, "hearth-dataset-bytes", used + 100);
        await server.Client.CreateDatasetAsync("second");
        using var form = new MultipartFormDataContent { { new StringContent(TestServer.Rows(8)), "file", "rows.jsonl" } };
        await RequireExhaustedAsync(await server.Http.PostAsync($"{Account}/datasets/second:upload", form), "hearth-dataset-bytes");
        await RequireExhaustedAsync(await server.Http.PostAsync($"{Account}/datasets/second:getUploadEndpoint", TestServer.JsonBody("""{"filenameToSize":{"a.jsonl":"101"}}""")), "hearth-dataset-bytes");
        Assert.Equal(200, (await server.PostAsync($"{Account}/datasets/second:getUploadEndpoint", """{"filenameToSize":{"a.jsonl":"100"}}""")).Status);
        await server.SendAsync(HttpMethod.Delete, $"{Account}/datasets/first");
        Assert.Equal(200, (await server.UploadAsync("second", TestServer.Rows(8))).Status);
    }

    [Fact]
    public async Task Of_adapters_loaded_at_once_as_many_as_the_quota_allows_get_in()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        foreach (var id in new[] { "a", "b", "c" })
        {
            await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = id }, id);
            await server.TrainAsync($"accounts/local/supervisedFineTuningJobs/{id}", id);
        }
        await server.PostAsync($"{Account}/deployments?deploymentId=serve", """{"baseModel":"tiny","enableAddons":true}""");
        await SetAsync(server, "deployed-lora-count", 2);
        var answers = await Task.WhenAll(new[] { "a", "b", "c" }.Select(id => server.PostAsync($"{Account}/deployedModels", $$"""{"model":"{{id}}","deployment":"serve"}""")));
        Assert.Equal([200, 200, 429], answers.Select(answer => answer.Status).Order());
        Assert.Equal(2, (await server.GetAsync($"{Quotas}/deployed-lora-count")).Body.GetProperty("usage").GetDouble());
    }

    [Fact]
    public async Task Serverless_requests_are_counted_by_account_and_dedicated_ones_are_not()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await ShareAsync(server);
        await SetAsync(server, "serverless-inference-rpm", 2);
        using var first = await server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody(Chat));
        Assert.Equal((200, "2", "1"), ((int)first.StatusCode, Assert.Single(first.Headers.GetValues("x-ratelimit-limit-requests")), Assert.Single(first.Headers.GetValues("x-ratelimit-remaining-requests"))));
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Chat)).Status);
        using var third = await server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody(Chat));
        Assert.Equal((429, true), ((int)third.StatusCode, third.Headers.RetryAfter is not null));
        Assert.Equal(2, (await server.GetAsync($"{Quotas}/serverless-inference-rpm")).Body.GetProperty("usage").GetDouble());
        await server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "own");
        await server.ServeAsync("accounts/local/deployments/own");
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Chat.Replace("accounts/fireworks/models/tiny", "accounts/local/deployments/own"))).Status);
    }

    [Fact]
    public async Task An_account_that_has_spent_its_budget_stops_and_goes_on_when_it_is_raised()
    {
        File.WriteAllText(Path.Combine(_directory, "prices.json"), """[{"from":"2020-01-01T00:00:00Z","inference":[{"perMillion":1}]}]""");
        await using var server = await TestServer.StartAsync(_directory);
        await ShareAsync(server);
        var now = server.Server.Services.GetRequiredService<TimeProvider>().GetUtcNow();
        await server.Store.CommitAsync(new Change().Meter(new("chat/1", "local", "chat", "accounts/fireworks/deployments/shared", TestServer.Base, now) { PromptTokens = 50_000_000 }), default);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Chat)).Status);
        Assert.Equal(50, (await server.GetAsync($"{Quotas}/monthly-spend-usd")).Body.GetProperty("usage").GetDouble(), 3);
        await SetAsync(server, "monthly-spend-usd", 50);
        var (status, refused) = await server.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((412, true), (status, Text(refused.GetProperty("error"), "message").StartsWith("Account local is suspended, possibly due to reaching the monthly spending limit")));
        Assert.Equal(412, (await server.PostAsync($"{Account}/deployments", """{"baseModel":"tiny"}""")).Status);
        Assert.Equal("MONTHLY_SPEND_LIMIT_EXCEEDED", Text((await server.GetAsync(Account)).Body, "suspendState"));
        await SetAsync(server, "monthly-spend-usd", 60);
        Assert.Equal(200, (await server.PostAsync("/v1/chat/completions", Chat)).Status);
        Assert.Equal("UNSUSPENDED", Text((await server.GetAsync(Account)).Body, "suspendState"));
    }

    [Fact]
    public async Task A_job_pauses_at_the_budget_and_goes_on_when_it_is_raised()
    {
        const string job = "accounts/local/supervisedFineTuningJobs/job";
        File.WriteAllText(Path.Combine(_directory, "prices.json"), """[{"from":"2020-01-01T00:00:00Z","training":[{"perMillion":1}]}]""");
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        await server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "job");
        await SetAsync(server, "monthly-spend-usd", 5);
        var epoch = (await server.AssignmentOfAsync(job)).Epoch;
        Assert.False(await server.Reports.JobProgressAsync(job, epoch, new(1, 2, 1.0, 1000, 5_000_000, 0.5, 1), default));
        var paused = (await server.GetAsync($"/v1/{job}")).Body;
        Assert.Equal(("JOB_STATE_PAUSED", "FAILED_PRECONDITION"), (Text(paused, "state"), Text(paused.GetProperty("status"), "code")));
        Assert.Empty(await server.Assignments.ListAsync(default));
        var handler = server.Server.Services.GetRequiredService<SuspendedJobs>();
        await handler.HandleAsync(new(default, job, SuspendedJobs.DueKind), default);
        Assert.Equal("JOB_STATE_PAUSED", Text((await server.GetAsync($"/v1/{job}")).Body, "state"));
        await SetAsync(server, "monthly-spend-usd", 6);
        await handler.HandleAsync(new(default, job, SuspendedJobs.DueKind), default);
        var next = (await server.AssignmentOfAsync(job)).Epoch;
        Assert.True(next > epoch);
        Assert.True(await server.Reports.JobProgressAsync(job, next, new(2, 2, 1.0, 1000, 5_000_001, 1, 0), default));
        Assert.Equal(("JOB_STATE_RUNNING", "OK"), (Text((await server.GetAsync($"/v1/{job}")).Body, "state"), Text((await server.GetAsync($"/v1/{job}")).Body.GetProperty("status"), "code")));
    }

    /// <summary>A deployment of the catalogue's account, which every account may ask.</summary>
    private static async Task ShareAsync(TestServer server)
    {
        var name = ResourceName.Of(ModelCatalogue.CatalogueAccount, ResourceKind.Deployments, "shared");
        await server.Server.Services.GetRequiredService<Deployments>().CreateAsync(Caller.System, name, new() { BaseModel = TestServer.Base }, true, false, default);
        await server.ServeAsync(name.Value);
    }

    private static async Task SetAsync(TestServer server, string quota, long value) =>
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Patch, $"{Quotas}/{quota}", $$"""{"value":"{{value}}"}""")).Status);

    private static async Task RequireExhaustedAsync(HttpResponseMessage answer, string quota)
    {
        using var _ = answer;
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == 429, body);
        Assert.Equal("false", Assert.Single(answer.Headers.GetValues("x-should-retry")));
        Assert.Contains($"accounts/local/quotas/{quota}", body);
    }

    private static string Text(JsonElement element, string field) => element.GetProperty(field).GetString()!;
}
