using System.Net;
using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Fields of completions beyond the basics: what reaches the replica, what comes back, what is refused.</summary>
public sealed class InferenceFieldTests : IAsyncLifetime
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

    [Fact]
    public async Task Penalties_bias_typical_p_mirostat_echo_and_truncation_reach_the_replica()
    {
        var (status, body) = await _server.PostAsync("/v1/chat/completions", $$"""
            {{{Question}},"repetition_penalty":1.1,"frequency_penalty":-0.5,"presence_penalty":0.25,"logit_bias":{"7":-100,"8":2.5},"echo_last":3,"prompt_truncate_len":40,"typical_p":0.9,"mirostat_target":5,"mirostat_lr":0.2,
             "max_tokens":0,"user":"alice","metadata":{"team":"a"} }
            """);
        Assert.True(status == 200, body.ToString());
        var request = _server.Gateway.Requests[^1].Request;
        Assert.Equal((1.1, -0.5, 0.25), (request.RepetitionPenalty, request.FrequencyPenalty, request.PresencePenalty));
        Assert.Equal([(7, -100f), (8, 2.5f)], request.LogitBias!.Select(entry => (entry.Key, entry.Value)));
        Assert.Equal((0.9, 5.0, 0.2), (request.TypicalP, request.MirostatTarget, request.MirostatRate));
        Assert.Equal((3, 40, 0), (request.EchoLast, request.PromptTruncateLength, request.MaxTokens));
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData("""{"type":"text"}""", null)]
    [InlineData("""{"type":"json_object"}""", """{"type":"object"}""")]
    [InlineData("""{"type":"json_object","schema":{"a":1}}""", """{"a":1}""")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"a":1}}}""", """{"a":1}""")]
    [InlineData("""{"type":"json_schema","json_schema":{"type":"object"}}""", """{"type":"object"}""")]
    [InlineData("""{"type":"json_schema","json_schema":"{\"type\":\"object\"}"}""", """{"type":"object"}""")]
    [InlineData("""{"type":"json_schema","schema":{"a":1}}""", """{"a":1}""")]
    public async Task A_response_formats_schema_reaches_the_replica(string format, string? expected)
    {
        foreach (var (path, body) in ((string, string)[])[("chat/completions", Question), ("completions", """ "model":"tiny","prompt":"Hi" """)])
        {
            var (status, answer) = await _server.PostAsync($"/v1/{path}", $$"""{{{body}},"response_format":{{format}} }""");
            Assert.True(status == 200, answer.ToString());
            Assert.Equal(expected, _server.Gateway.Requests[^1].Request.JsonSchema);
        }
    }

    [Theory]
    [InlineData("3")]
    [InlineData("{}")]
    [InlineData("""{"type":"xml"}""")]
    [InlineData("""{"type":"json_schema"}""")]
    [InlineData("""{"type":"json_schema","schema":5}""")]
    [InlineData("""{"type":"json_schema","json_schema":"{"}""")]
    public async Task A_response_format_that_is_none_is_refused_by_name(string format)
    {
        var (status, body) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"response_format":{{format}} }""");
        Assert.Equal((400, "response_format"), (status, body.GetProperty("error").GetProperty("param").GetString()));
    }

    [Theory]
    [InlineData("\"prediction\":\"a b\"", "a b")]
    [InlineData("\"prediction\":{\"type\":\"content\",\"content\":\"a b\"}", "a b")]
    [InlineData("\"prediction\":{\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\" b\"}]}", "a b")]
    [InlineData("\"speculation\":\"a b\"", "a b")]
    [InlineData("\"prediction\":null", null)]
    public async Task A_predicted_output_reaches_the_replica(string field, string? expected)
    {
        foreach (var (path, body) in ((string, string)[])[("chat/completions", Question), ("completions", """ "model":"tiny","prompt":"Hi" """)])
        {
            var (status, answer) = await _server.PostAsync($"/v1/{path}", $$"""{{{body}},{{field}}}""");
            Assert.True(status == 200, answer.ToString());
            Assert.Equal(expected, _server.Gateway.Requests[^1].Request.Prediction);
        }
    }

    [Fact]
    public async Task Predicted_token_ids_reach_the_replica()
    {
        await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"speculation":[5,6]}""");
        Assert.Equal([5, 6], _server.Gateway.Requests[^1].Request.PredictionTokenIds!);
    }

    [Fact]
    public async Task What_became_of_a_prediction_is_told()
    {
        _server.Gateway.Next((request, _) => SayAsync(new GenerationUsage(3, 9, 0) { PredictionTokens = 20, DraftTokens = 10, AcceptedDraftTokens = 7, PredictedDraftTokens = 8, AcceptedPredictedTokens = 6 }));
        var (_, body) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},"prediction":"a b","perf_metrics_in_response":true}""");
        var details = body.GetProperty("usage").GetProperty("completion_tokens_details");
        Assert.Equal((6, 2), (details.GetProperty("accepted_prediction_tokens").GetInt32(), details.GetProperty("rejected_prediction_tokens").GetInt32()));
        var metrics = body.GetProperty("perf_metrics");
        Assert.Equal((20, 6, 10, 0.7), (Metric("prompt-tokens"), Metric("prompt-matched-tokens"), Metric("generated-tokens"), Metric("acceptance")));

        double Metric(string name) => metrics.GetProperty($"speculation-{name}").GetDouble();
    }

    private static async IAsyncEnumerable<GenerationEvent> SayAsync(GenerationUsage usage)
    {
        await Task.Yield();
        yield return new GenerationEvent { Text = "hi", FinishReason = "stop", Usage = usage, PromptTokenIds = [1, 2, 3] };
    }

    [Theory]
    [InlineData("\"prediction\":7", 400, "prediction must be a string or an object")]
    [InlineData("\"prediction\":{\"type\":\"other\",\"content\":\"a\"}", 400, "prediction.type must be content")]
    [InlineData("\"prediction\":{\"type\":\"content\"}", 400, "prediction.content is required")]
    [InlineData("\"prediction\":{\"type\":\"content\",\"content\":[{\"type\":\"image_url\"}]}", 400, "only text can be predicted")]
    [InlineData("\"speculation\":[1,\"a\"]", 400, "speculation must be a string or a list of token ids")]
    [InlineData("\"speculation\":\"a\",\"prediction\":\"a\"", 400, "speculation cannot be combined with prediction")]
    [InlineData("\"repetition_penalty\":2.5", 400, "repetition_penalty must be from 0 to 2")]
    [InlineData("\"frequency_penalty\":-3", 400, "frequency_penalty must be from -2 to 2")]
    [InlineData("\"logit_bias\":{\"seven\":1}", 400, "'seven', which is not a token id")]
    [InlineData("\"logit_bias\":{\"7\":101}", 400, "logit_bias of token 7 must be from -100 to 100")]
    [InlineData("\"max_tokens\":0", 400, "max_tokens must be from 1")]
    [InlineData("\"prompt_truncate_len\":0", 400, "prompt_truncate_len must be from 1")]
    [InlineData("\"typical_p\":1.5", 400, "typical_p must be from 0 to 1")]
    [InlineData("\"mirostat_target\":-1", 400, "mirostat_target must be from 0 to 100")]
    [InlineData("\"mirostat_target\":3,\"mirostat_lr\":1.5", 400, "mirostat_lr must be from 0 to 1")]
    public async Task A_value_out_of_range_is_refused_with_its_field(string field, int expected, string message)
    {
        var (status, body) = await _server.PostAsync("/v1/chat/completions", $$"""{{{Question}},{{field}}}""");
        Assert.Equal(expected, status);
        Assert.Contains(message, body.GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Several_prompts_are_answered_in_order_with_one_usage(bool stream)
    {
        for (var prompt = 0; prompt < 3; prompt++) _server.Gateway.Next((request, _) => SayPromptAsync(request));
        var choices = stream ? await StreamChoicesAsync() : await ChoicesAsync();
        Assert.Equal(["a0", "a1", "b0", "b1", "5,60", "5,61"], choices);
        var usage = await _server.Store.ListUsageAsync(new UsageQuery("local"), default);
        Assert.Equal(3, usage.Count);
        Assert.Equal((3, 6), (usage.Sum(row => row.PromptTokens), usage.Sum(row => row.CompletionTokens)));

        async Task<IEnumerable<string?>> ChoicesAsync()
        {
            var (status, body) = await _server.PostAsync("/v1/completions", """{"model":"tiny","prompt":["a","b",[5,6]],"n":2}""");
            Assert.True(status == 200, body.ToString());
            Assert.Equal((3, 6, 9), Usage(body));
            Assert.Equal([0, 1, 2, 3, 4, 5], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("index").GetInt32()));
            return body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString());
        }

        async Task<IEnumerable<string?>> StreamChoicesAsync()
        {
            using var response = await _server.Http.PostAsync("/v1/completions", TestServer.JsonBody("""{"model":"tiny","prompt":["a","b",[5,6]],"n":2,"stream":true}"""));
            var chunks = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[..^1]
                .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement).ToList();
            Assert.Equal((3, 6, 9), Usage(chunks[^1]));
            Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
            return chunks.Select(chunk => chunk.GetProperty("choices")[0]).GroupBy(choice => choice.GetProperty("index").GetInt32()).OrderBy(choice => choice.Key)
                .Select(choice => string.Concat(choice.Select(part => part.GetProperty("text").GetString())));
        }
    }

    [Fact]
    public async Task A_prompt_that_is_refused_refuses_the_whole_call()
    {
        _server.Gateway.Next((request, _) => SayPromptAsync(request));
        _server.Gateway.Next((_, _) => RefuseAsync());
        var (status, body) = await _server.PostAsync("/v1/completions", """{"model":"tiny","prompt":["a","b"]}""");
        Assert.Equal((400, "too long"), (status, body.GetProperty("error").GetProperty("message").GetString()));
        Assert.Equal(400, (await _server.PostAsync("/v1/completions", """{"model":"tiny","prompt":["a",[]]}""")).Status);
        Assert.Equal(400, (await _server.PostAsync("/v1/completions", """{"model":"tiny","prompt":["a","b","c","d","e","f","g","h","i"],"n":128}""")).Status);
    }

    [Fact]
    public async Task Raw_output_and_the_effective_sampling_come_back()
    {
        _server.Gateway.Next((request, _) => SayPromptAsync(request));
        using var response = await _server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody($$"""{{{Question}},"raw_output":true}"""));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(0.25, JsonDocument.Parse(Assert.Single(response.Headers.GetValues("fireworks-sampling-options"))).RootElement.GetProperty("temperature").GetDouble());
        var raw = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("choices")[0].GetProperty("raw_output");
        Assert.Equal(
            ("<s>raw", "done</s>", 7, 3),
            (raw.GetProperty("prompt_fragments")[0].GetString(), raw.GetProperty("completion").GetString(),
                raw.GetProperty("completion_token_ids")[0].GetInt32(), raw.GetProperty("prompt_token_ids")[0].GetInt32()));
    }

    private static (int, int, int) Usage(JsonElement answer) => (
        answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(),
        answer.GetProperty("usage").GetProperty("total_tokens").GetInt32());

    private static async IAsyncEnumerable<GenerationEvent> SayPromptAsync(GenerationRequest request)
    {
        for (var choice = 0; choice < request.N; choice++)
        {
            await Task.Yield();
            var prompt = request.Prompt ?? string.Join(',', request.PromptTokenIds ?? []);
            yield return new()
            {
                Choice = choice,
                Text = $"{prompt}{choice}",
                TokenIds = [7],
                FinishReason = "stop",
                PromptTokenIds = choice == 0 ? [3] : null,
                Sampling = choice == 0 ? new(0.25, 1, 0, 0, 1, 0, 0) : null,
                RawPrompt = choice == 0 ? "<s>raw" : null,
                RawText = request.RawOutput ? "done</s>" : null,
                Usage = choice == request.N - 1 ? new(1, request.N, 0) : null,
            };
        }
    }

    private static async IAsyncEnumerable<GenerationEvent> RefuseAsync()
    {
        await Task.Yield();
        if (DateTime.UnixEpoch.Year == 1970) throw new ReplicaRequestException("INVALID_ARGUMENT", "too long");
        yield break;
    }
}
