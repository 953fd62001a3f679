using System.Net;
using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>What a replica is told so that it can share itself between accounts, and what callers see of it.</summary>
public sealed class SharingTests : IAsyncLifetime
{
    private const string Question = """ "model":"tiny","messages":[{"role":"user","content":"Hi"}] """;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await _server.ServeAsync("accounts/local/deployments/serve");
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("/v1/chat/completions", """ "messages":[{"role":"user","content":"Hi"}] """)]
    [InlineData("/v1/completions", """ "prompt":"Hi" """)]
    [InlineData("/inference/v1/messages", """ "max_tokens":5,"messages":[{"role":"user","content":"Hi"}] """)]
    public async Task The_replica_learns_whose_request_it_is(string path, string fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = TestServer.JsonBody($$"""{"model":"tiny",{{fields}}}""") };
        request.Headers.Add("x-prompt-cache-isolation-key", "tenant");
        using var response = await _server.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var asked = _server.Gateway.Requests[^1].Request;
        Assert.Equal(("local", "tenant", false), (asked.Account, asked.IsolationKey, asked.IsUrgent));
    }

    [Fact]
    public async Task The_fields_of_a_request_win_over_its_headers()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = TestServer.JsonBody($$"""{{{Question}},"prompt_cache_isolation_key":"own","service_tier":"priority"}"""),
        };
        request.Headers.Add("x-prompt-cache-isolation-key", "other");
        using var response = await _server.Http.SendAsync(request);
        var asked = _server.Gateway.Requests[^1].Request;
        Assert.Equal(("own", true), (asked.IsolationKey, asked.IsUrgent));
    }

    [Theory, InlineData("auto", 200), InlineData("default", 200), InlineData("flex", 200), InlineData("platinum", 400)]
    public async Task Only_known_service_tiers_are_taken(string tier, int expected)
    {
        var (status, body) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"service_tier":"{{tier}}"}""");
        Assert.Equal(expected, status);
        if (expected == 400) Assert.Contains("service_tier", body.GetProperty("error").GetProperty("message").GetString());
        else Assert.False(_server.Gateway.Requests[^1].Request.IsUrgent);
    }

    [Theory, InlineData("false"), InlineData("true")]
    public async Task A_replica_that_has_too_much_to_do_is_429_and_may_be_asked_again(string stream)
    {
        _server.Gateway.Next((_, _) => throw new ReplicaRequestException("RESOURCE_EXHAUSTED", "The model is overloaded: 512 requests wait."));
        using var response = await _server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody($$"""{{{Question}},"stream":{{stream}}}"""));
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("1", Assert.Single(response.Headers.GetValues("retry-after")));
        Assert.False(response.Headers.Contains("x-should-retry"));
        Assert.Contains("512 requests wait", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Where_the_time_went_is_in_headers_and_body()
    {
        _server.Gateway.Next((_, _) => TimedAsync());
        using var response = await _server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody($$"""{{{Question}},"perf_metrics_in_response":true}"""));
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("perf_metrics");
        foreach (var (name, seconds) in ((string, double)[])[("prefill-queue-duration", 0.25), ("prefill-duration", 0.125), ("generation-queue-duration", 0), ("generation-duration", 2)])
        {
            Assert.Equal(seconds, body.GetProperty(name).GetDouble());
            Assert.Equal(seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), Assert.Single(response.Headers.GetValues($"fireworks-{name}")));
        }
    }

    private static async IAsyncEnumerable<GenerationEvent> TimedAsync()
    {
        await Task.Yield();
        yield return new() { PromptTokenIds = [1], Text = "x", TokenIds = [1], FinishReason = "stop", Usage = new(1, 1, 0), Times = new(250, 125, 0, 2000) };
    }
}
