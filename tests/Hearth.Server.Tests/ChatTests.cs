using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hearth.Client;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Completions: the exact stream, both forms of log-probabilities, refusals of the replica, and the bill.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private const string Serve = "accounts/local/deployments/serve";
    private const string Question = """ "model":"tiny","messages":[{"role":"user","content":"Hi"}] """;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await _server.ServeAsync(Serve);
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("/inference/v1/chat/completions")]
    [InlineData("/v1/chat/completions")]
    public async Task The_stream_has_a_role_first_and_the_usage_last(string address)
    {
        var events = await StreamAsync(address, $$"""{{{Question}},"stream":true}""");
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events[..^1].Select(data => JsonDocument.Parse(data).RootElement).ToList();
        Assert.Equal(
            ["""{"role":"assistant","content":""}""", """{"content":"Hello"}""", """{"content":" world"}"""],
            chunks.Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta").GetRawText()));
        Assert.Equal([null, null, "stop"], chunks.Select(chunk => chunk.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        Assert.Equal(
            """{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}""", chunks[^1].GetProperty("usage").GetRawText());
        Assert.All(chunks, chunk =>
        {
            Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString());
            Assert.EndsWith("/models/tiny", chunk.GetProperty("model").GetString());
            Assert.StartsWith("chatcmpl-", chunk.GetProperty("id").GetString());
        });
        Assert.Single(chunks.Select(chunk => chunk.GetProperty("id").GetString()).Distinct());
    }

    [Fact]
    public async Task Each_of_several_choices_has_its_role_and_its_end()
    {
        var events = await StreamAsync("/v1/chat/completions", $$"""{{{Question}},"stream":true,"n":3}""");
        var choices = events[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0]).ToList();
        foreach (var index in new[] { 0, 1, 2 })
        {
            var own = choices.Where(choice => choice.GetProperty("index").GetInt32() == index).ToList();
            Assert.True(own[0].GetProperty("delta").TryGetProperty("role", out _));
            Assert.Equal("Hello world", string.Concat(own.Skip(1).Select(choice => choice.GetProperty("delta").GetProperty("content").GetString())));
            Assert.Equal("stop", own[^1].GetProperty("finish_reason").GetString());
        }
    }

    [Fact]
    public async Task A_text_completion_streams_and_answers()
    {
        var events = await StreamAsync("/v1/completions", """{"model":"tiny","prompt":[5,6,7],"stream":true}""");
        Assert.Equal([5, 6, 7], _server.Gateway.Requests[^1].Request.PromptTokenIds);
        Assert.Equal("Hello world", string.Concat(events[..^1].Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("text").GetString())));
        var (_, answer) = await _server.PostAsync("/inference/v1/completions", """{"model":"tiny","prompt":"x"}""");
        Assert.Equal(("text_completion", "Hello world"), (answer.GetProperty("object").GetString(), answer.GetProperty("choices")[0].GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Sampling_fields_reach_the_replica()
    {
        await _server.PostAsync("/v1/chat/completions", $$"""
            {{{Question}},"max_completion_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":7,"min_p":0.1,"seed":42,"stop":["a","b"],"ignore_eos":true,"logprobs":true,"top_logprobs":4,
             "context_length_exceeded_behavior":"error","tools":[{"type":"function","function":{"name":"f"} }],"unknown_field":{"is":"ignored"} }
            """);
        var request = _server.Gateway.Requests[^1].Request;
        Assert.Equal((9, 0.5, 0.9, 7, 0.1, 42L), (request.MaxTokens, request.Temperature, request.TopP, request.TopK, request.MinP, request.Seed));
        Assert.Equal((true, 4, true, 1), (request.IgnoreEos, request.TopLogprobs, request.ErrorOnContextOverflow, request.N));
        Assert.Equal(["a", "b"], request.Stop);
        Assert.Equal("""[{"role":"user","content":"Hi"}]""", request.MessagesJson);
        Assert.Contains("\"name\":\"f\"", request.ToolsJson);
    }

    [Fact]
    public async Task Logprobs_come_in_both_forms()
    {
        var (_, content) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"logprobs":true,"top_logprobs":2}""");
        var tokens = content.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content");
        Assert.Equal([0, 5], tokens.EnumerateArray().Select(token => token.GetProperty("text_offset").GetInt32()));
        Assert.Equal([-0.5, -0.25], tokens.EnumerateArray().Select(token => token.GetProperty("logprob").GetDouble()));
        Assert.Equal(2, tokens[0].GetProperty("top_logprobs").GetArrayLength());
        var (_, legacy) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"logprobs":1}""");
        Assert.Equal(["Hello", " world"], legacy.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        var (_, none) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}}}""");
        Assert.Equal(JsonValueKind.Null, none.GetProperty("choices")[0].GetProperty("logprobs").ValueKind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_prompt_beyond_the_context_is_a_400_streamed_or_not(bool stream)
    {
        _server.Gateway.Next((_, _) => Refuse("INVALID_ARGUMENT", ContextLimit.PromptTooLong(2000, 1024)));
        var (status, body) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"stream":{{(stream ? "true" : "false")}}}""");
        Assert.Equal((400, "INVALID_ARGUMENT"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("2000 tokens", body.GetProperty("error").GetProperty("message").GetString());
        Assert.Empty(await _server.Store.ListUsageAsync(new UsageQuery("local"), default));
    }

    [Fact]
    public async Task The_usage_row_is_there_before_the_last_chunk()
    {
        await foreach (var chunk in _server.Client.StreamChatAsync(HearthClient.Ask("tiny", "Hi")))
        {
            var rows = await _server.Store.ListUsageAsync(new UsageQuery("local"), default);
            if (chunk.Usage is null) continue;
            var row = Assert.Single(rows);
            Assert.Equal(($"chat/{chunk.Id["chatcmpl-".Length..]}", 3, 1, 2, Serve), (row.Key, row.PromptTokens, row.CachedTokens, row.CompletionTokens, row.Resource));
            return;
        }
        Assert.Fail("no chunk had the usage");
    }

    [Fact]
    public async Task A_usage_that_follows_the_finish_reason_is_joined_to_it()
    {
        _server.Gateway.Next((_, _) => Events(
            new() { PromptTokenIds = [1], Text = "a", TokenIds = [1] }, new() { FinishReason = "length" }, new() { Usage = new(1, 1, 0) }));
        var events = await StreamAsync("/v1/chat/completions", $$"""{{{Question}},"stream":true}""");
        var last = JsonDocument.Parse(events[^2]).RootElement;
        Assert.Equal("length", last.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(2, last.GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Fact]
    public async Task A_replica_that_ends_mid_stream_leaves_an_error_event_and_no_bill()
    {
        _server.Gateway.Next((_, _) => LostAfter(new GenerationEvent { PromptTokenIds = [1, 2], Text = "par", TokenIds = [9] }));
        var events = await StreamAsync("/v1/chat/completions", $$"""{{{Question}},"stream":true}""");
        Assert.Equal("UNAVAILABLE", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
        Assert.DoesNotContain("[DONE]", events);
        Assert.Empty(await _server.Store.ListUsageAsync(new UsageQuery("local"), default));

        _server.Gateway.Next((_, _) => LostAfter());
        var (status, _) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"stream":true}""");
        Assert.Equal(503, status);
    }

    [Fact]
    public async Task A_caller_that_leaves_stops_the_generation_and_pays_for_what_was_made()
    {
        var stopped = new TaskCompletionSource();
        _server.Gateway.Next((_, cancelled) => EndlessAsync(stopped, cancelled));
        using (var leaving = new CancellationTokenSource())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var chunk in _server.Client.StreamChatAsync(HearthClient.Ask("tiny", "Hi"), leaving.Token))
                    if (chunk.Choices[0].Delta.Content == "t") leaving.Cancel();
            });
        }
        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var billed = new TaskCompletionSource();
        _server.Store.Committed += _ => billed.TrySetResult();
        if ((await _server.Store.ListUsageAsync(new UsageQuery("local"), default)).Count == 0) await billed.Task.WaitAsync(TimeSpan.FromSeconds(20));
        var row = Assert.Single(await _server.Store.ListUsageAsync(new UsageQuery("local"), default));
        Assert.Equal(2, row.PromptTokens);
        Assert.True(row.CompletionTokens >= 1);
    }

    [Fact]
    public async Task The_answer_names_model_deployment_and_tokens_in_its_headers()
    {
        using var response = await _server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody($$"""{{{Question}},"perf_metrics_in_response":true}"""));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(("tiny", Serve, "3", "1"), (Header("model").Split('/')[^1], Header("deployment"), Header("prompt-tokens"), Header("cached-prompt-tokens")));
        Assert.Equal(("0", "0"), (Header("speculation-prompt-tokens"), Header("speculation-prompt-matched-tokens")));
        Assert.True(int.Parse(Header("num-concurrent-requests")) >= 0);
        Assert.Equal(3, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("perf_metrics").GetProperty("prompt-tokens").GetInt32());

        string Header(string name) => Assert.Single(response.Headers.GetValues($"fireworks-{name}"));
    }

    [Fact]
    public async Task The_model_list_shows_the_catalogue_and_the_own_models()
    {
        var (_, list) = await _server.GetAsync("/v1/models");
        var model = Assert.Single(list.GetProperty("data").EnumerateArray());
        Assert.Equal((TestServer.Base, "model", "fireworks", 1024, true), (model.GetProperty("id").GetString(), model.GetProperty("object").GetString(),
            model.GetProperty("owned_by").GetString(), model.GetProperty("context_length").GetInt32(), model.GetProperty("supports_chat").GetBoolean()));
    }

    private async Task<List<string>> StreamAsync(string address, string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = TestServer.JsonBody(json) };
        using var response = await _server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\n\n", text);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            Assert.StartsWith("data: ", line);
            return line["data: ".Length..];
        })];
    }

    private static async IAsyncEnumerable<GenerationEvent> Events(params GenerationEvent[] events)
    {
        foreach (var one in events)
        {
            await Task.Yield();
            yield return one;
        }
    }

    private static async IAsyncEnumerable<GenerationEvent> Refuse(string code, string message)
    {
        await Task.Yield();
        if (code != "") throw new ReplicaRequestException(code, message);
        yield break;
    }

    private static async IAsyncEnumerable<GenerationEvent> LostAfter(params GenerationEvent[] events)
    {
        await foreach (var one in Events(events)) yield return one;
        throw new ReplicaLostException("killed");
    }

    private static async IAsyncEnumerable<GenerationEvent> EndlessAsync(TaskCompletionSource stopped, [EnumeratorCancellation] CancellationToken cancelled)
    {
        try
        {
            yield return new() { PromptTokenIds = [1, 2], Text = "t", TokenIds = [1] };
            await Task.Delay(Timeout.Infinite, cancelled);
        }
        finally
        {
            stopped.TrySetResult();
        }
    }
}
