using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Anthropic's messages: the exact stream, how answers end, what the model reads, refusals and errors in that dialect.</summary>
public sealed class MessageTests : ContractCase
{
    private const string Serve = "accounts/local/deployments/serve";
    private const string Ask = """ "model":"tiny","max_tokens":64,"messages":[{"role":"user","content":"Hi"}] """;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await Server.ServeAsync(Serve);
    }

    [Theory]
    [InlineData("/inference/v1/messages")]
    [InlineData("/v1/messages")]
    public async Task An_answer_is_as_documented_and_its_cached_tokens_are_apart(string address)
    {
        var answer = await CheckAsync("POST", address, $$"""{{{Ask}}}""");
        Assert.Equal("""[{"text":"Hello world","type":"text","citations":null}]""", answer.GetProperty("content").GetRawText());
        Assert.Equal(("end_turn", JsonValueKind.Null), (answer.GetProperty("stop_reason").GetString(), answer.GetProperty("stop_sequence").ValueKind));
        Assert.Equal("""{"input_tokens":2,"output_tokens":2,"cache_read_input_tokens":1,"cache_creation_input_tokens":0}""", answer.GetProperty("usage").GetRawText());
        Assert.StartsWith("msg_", answer.GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_stream_has_the_documented_events_in_their_order()
    {
        var events = await StreamAsync("""{"stream":true,""" + Ask + "}");
        Assert.All(events, one => Assert.Equal(one.Name, one.Data.GetProperty("type").GetString()));
        Assert.Equal(
            ["message_start", "ping", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop", "message_delta", "message_stop"],
            events.Select(one => one.Name));
        var start = events[0].Data.GetProperty("message");
        Assert.Equal(("[]", JsonValueKind.Null), (start.GetProperty("content").GetRawText(), start.GetProperty("stop_reason").ValueKind));
        Assert.Equal(3, start.GetProperty("usage").GetProperty("input_tokens").GetInt32());
        Assert.Equal("""{"type":"content_block_start","index":0,"content_block":{"text":"","type":"text","citations":null}}""", Ordered(events[2].Data, "type", "index", "content_block"));
        Assert.Equal(["Hello", " world"], events.Where(one => one.Name == "content_block_delta").Select(one => one.Data.GetProperty("delta").GetProperty("text").GetString()));
        Assert.All(events.Where(one => one.Name == "content_block_delta"), one => Assert.Equal("text_delta", one.Data.GetProperty("delta").GetProperty("type").GetString()));
        Assert.Equal("""{"stop_reason":"end_turn","stop_sequence":null}""", events[^2].Data.GetProperty("delta").GetRawText());
        Assert.Equal("""{"input_tokens":2,"output_tokens":2,"cache_read_input_tokens":1,"cache_creation_input_tokens":0}""", events[^2].Data.GetProperty("usage").GetRawText());
        Assert.Equal("""{"type":"message_stop"}""", events[^1].Data.GetRawText());
    }

    [Theory]
    [InlineData("length", null, "max_tokens")]
    [InlineData("stop", "\n\n", "stop_sequence")]
    [InlineData("stop", null, "end_turn")]
    public async Task An_answer_says_why_it_ended(string finish, string? sequence, string reason)
    {
        foreach (var stream in new[] { "true", "false" })
        {
            Server.Gateway.Next((_, cancel) => OneAsync(new() { Text = "x", TokenIds = [1], PromptTokenIds = [1], FinishReason = finish, StopSequence = sequence, Usage = new(1, 1, 0) }, cancel));
            var end = stream == "true"
                ? (await StreamAsync("""{"stream":true,"stop_sequences":["\n\n"],""" + Ask + "}"))[^2].Data.GetProperty("delta")
                : (await Server.PostAsync("/v1/messages", """{"stop_sequences":["\n\n"],""" + Ask + "}")).Body;
            Assert.Equal((reason, sequence), (end.GetProperty("stop_reason").GetString(), end.GetProperty("stop_sequence").GetString()));
        }
        Assert.Equal(["\n\n"], Server.Gateway.Requests[^1].Request.Stop);
    }

    [Fact]
    public async Task An_answer_without_text_has_no_block()
    {
        Server.Gateway.Next((_, cancel) => OneAsync(new() { TokenIds = [2], PromptTokenIds = [1], FinishReason = "stop", Usage = new(1, 1, 0) }, cancel));
        Assert.Equal("[]", (await CheckAsync("POST", "/v1/messages", $$"""{{{Ask}}}""")).GetProperty("content").GetRawText());
        Server.Gateway.Next((_, cancel) => OneAsync(new() { TokenIds = [2], PromptTokenIds = [1], FinishReason = "stop", Usage = new(1, 1, 0) }, cancel));
        Assert.Equal(["message_start", "ping", "message_delta", "message_stop"], (await StreamAsync("""{"stream":true,""" + Ask + "}")).Select(one => one.Name));
    }

    [Fact]
    public async Task Blocks_and_turns_of_one_role_become_what_a_template_reads()
    {
        await CheckAsync("POST", "/v1/messages", """
            {"model":"tiny","max_tokens":7,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Be kind."}],
             "messages":[{"role":"user","content":"One"},{"role":"user","content":[{"type":"text","text":"Two"},{"type":"text","text":"Three"}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"Four"}]},{"role":"user","content":"Five"}],
             "temperature":0.5,"top_p":0.9,"top_k":250,"metadata":{"user_id":"u"},"service_tier":"auto","thinking":{"type":"adaptive"}}
            """);
        var request = Server.Gateway.Requests[^1].Request;
        Assert.Equal(
            """[{"role":"system","content":"Be brief.\nBe kind."},{"role":"user","content":"One\nTwo\nThree"},{"role":"assistant","content":"Four"},{"role":"user","content":"Five"}]""",
            request.MessagesJson);
        Assert.Equal((7, 0.5, 0.9, 250, false), (request.MaxTokens, request.Temperature, request.TopP, request.TopK, request.ContinueFinalMessage));
    }

    [Fact]
    public async Task An_answer_goes_on_from_the_assistants_own_last_message()
    {
        await CheckAsync("POST", "/v1/messages", """{"model":"tiny","max_tokens":7,"messages":[{"role":"user","content":"Count"},{"role":"assistant","content":"1, 2,"}]}""");
        var request = Server.Gateway.Requests[^1].Request;
        Assert.Equal((true, 1.0), (request.ContinueFinalMessage, request.Temperature));
    }

    [Fact]
    public async Task Raw_output_comes_where_it_is_asked_for()
    {
        static GenerationEvent Last() => new() { Text = "x", TokenIds = [5], PromptTokenIds = [1, 2], RawPrompt = "<s>Hi", RawText = "x</s>", FinishReason = "stop", Usage = new(2, 1, 0) };
        Server.Gateway.Next((_, cancel) => OneAsync(Last(), cancel));
        var raw = (await CheckAsync("POST", "/v1/messages", """{"raw_output":true,""" + Ask + "}")).GetProperty("raw_output");
        Assert.Equal("""{"prompt_fragments":["<s>Hi"],"prompt_token_ids":[1,2],"completion":"x</s>","completion_token_ids":[5]}""", raw.GetRawText());
        Server.Gateway.Next((_, cancel) => OneAsync(Last(), cancel));
        Assert.Equal(raw.GetRawText(), (await StreamAsync("""{"raw_output":true,"stream":true,""" + Ask + "}"))[^2].Data.GetProperty("raw_output").GetRawText());
    }

    [Theory]
    [InlineData("""{"model":"tiny","messages":[{"role":"user","content":"x"}]}""", 400, "max_tokens is required")]
    [InlineData("""{"model":"tiny","max_tokens":0,"messages":[{"role":"user","content":"x"}]}""", 400, "max_tokens must be greater than 0")]
    [InlineData("""{"max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 400, "model is required")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[]}""", 400, "messages is required")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"tool","content":"x"}]}""", 400, "messages.0.role 'tool'")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user"}]}""", 400, "messages.0.content is required")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":[{"type":"banana"}]}]}""", 400, "messages.0.content.0.type 'banana'")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":{}}]}]}""", 400, "messages.0.content.0 is a document")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}""", 400, "messages.0.content.0.source of type file")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"u"}}]}]}""", 501, "messages.0.content.0 (image)")]
    [InlineData("""{"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]}""", 501, "tool_result")]
    [InlineData("""{"temperature":1.5,"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 400, "temperature must be from 0 to 1")]
    [InlineData("""{"stop_sequences":"x","model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 400, "stop_sequences must be a list")]
    [InlineData("""{"thinking":{"type":"enabled"},"model":"tiny","max_tokens":9000,"messages":[{"role":"user","content":"x"}]}""", 400, "thinking.budget_tokens is required")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":1000},"model":"tiny","max_tokens":9000,"messages":[{"role":"user","content":"x"}]}""", 400, "at least 1024")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":9000},"model":"tiny","max_tokens":9000,"messages":[{"role":"user","content":"x"}]}""", 400, "less than max_tokens")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":2000},"tool_choice":{"type":"any"},"model":"tiny","max_tokens":9000,"messages":[{"role":"user","content":"x"}]}""", 400, "tool_choice may not force")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":2000},"model":"tiny","max_tokens":9000,"messages":[{"role":"assistant","content":"x"}]}""", 400, "may not end with an assistant message")]
    [InlineData("""{"thinking":{"type":"enabled","budget_tokens":2000},"model":"tiny","max_tokens":9000,"messages":[{"role":"user","content":"x"}]}""", 501, "thinking is not implemented")]
    [InlineData("""{"tools":[{"name":"t","input_schema":{"type":"object"}}],"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 501, "tools is not implemented")]
    [InlineData("""{"tools":[{"type":"web_search_20250305","name":"web_search"}],"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 400, "tools.0.type 'web_search_20250305'")]
    [InlineData("""{"output_config":{"format":{"type":"json_schema","schema":{}}},"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 501, "output_config.format is not implemented")]
    [InlineData("""{"output_config":{"effort":"low"},"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 501, "output_config.effort is not implemented")]
    [InlineData("""{"output_format":{"type":"json_schema","schema":{}},"model":"tiny","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", 501, "output_format is not implemented")]
    public async Task A_refusal_names_the_field_in_anthropics_dialect(string body, int status, string message)
    {
        var (answered, error) = await Server.PostAsync("/inference/v1/messages", body);
        Assert.True(answered == status, error.ToString());
        Assert.Equal(("error", status == 400 ? "invalid_request_error" : "api_error"), (error.GetProperty("type").GetString(), error.GetProperty("error").GetProperty("type").GetString()));
        Assert.Contains(message, error.GetProperty("error").GetProperty("message").GetString());
        Assert.Empty(Server.Gateway.Requests);
    }

    [Fact]
    public async Task Tools_that_the_choice_rules_out_are_no_reason_to_refuse()
    {
        await CheckAsync("POST", "/v1/messages", """{"tools":[{"name":"t","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"},""" + Ask + "}");
        Assert.Null(Server.Gateway.Requests[^1].Request.ToolsJson);
    }

    [Fact]
    public async Task Keys_come_in_either_header_and_a_wrong_one_is_an_authentication_error()
    {
        using var http = Server.NewHttp(null);
        http.DefaultRequestHeaders.Add("x-api-key", Server.Server.AdminKey);
        http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Post, "/v1/messages", $$"""{{{Ask}}}""", http)).Status);
        using var stranger = Server.NewHttp("fw_wrong");
        var (status, error) = await Server.SendAsync(HttpMethod.Post, "/v1/messages", $$"""{{{Ask}}}""", stranger);
        Assert.Equal((401, "authentication_error"), (status, error.GetProperty("error").GetProperty("type").GetString()));
    }

    [Fact]
    public async Task An_unknown_model_is_answered_as_everywhere()
    {
        var (status, error) = await Server.PostAsync("/v1/messages", """{"model":"bananas","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal((404, "NOT_FOUND", "model"), (status, error.GetProperty("error").GetProperty("code").GetString(), error.GetProperty("error").GetProperty("param").GetString()));
        Assert.Equal(404, (await Server.PostAsync("/v1/messages/count_tokens", $$"""{{{Ask}}}""")).Status);
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_with_an_error_event_and_is_not_billed()
    {
        Server.Gateway.Next((_, cancel) => BreakAsync(cancel));
        var events = await StreamAsync("""{"stream":true,""" + Ask + "}");
        Assert.Equal("error", events[^1].Name);
        Assert.Equal("overloaded_error", events[^1].Data.GetProperty("error").GetProperty("type").GetString());
        Assert.Null(await Server.Store.LastUsageAsync(Serve, default));
    }

    [Fact]
    public async Task The_request_id_is_a_header()
    {
        using var response = await Server.Http.PostAsync("/v1/messages", TestServer.JsonBody("""{"max_tokens":0}"""));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var id = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("request_id").GetString();
        Assert.Equal(id, Assert.Single(response.Headers.GetValues("request-id")));
    }

    [Fact]
    public async Task Models_are_listed_in_the_dialect_that_the_version_header_asks_for()
    {
        foreach (var id in new[] { "b", "c" }) await Server.Server.RegisterBaseModelAsync(id, "/nowhere", TestServer.Facts, $"Model {id}");
        using var http = Server.NewHttp(Server.Server.AdminKey);
        http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");
        var page = (await Server.SendAsync(HttpMethod.Get, "/v1/models?limit=2", null, http)).Body;
        Assert.Equal(["accounts/fireworks/models/b", "accounts/fireworks/models/c"], page.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()));
        Assert.Equal((true, "accounts/fireworks/models/c"), (page.GetProperty("has_more").GetBoolean(), page.GetProperty("last_id").GetString()));
        var first = page.GetProperty("data")[0];
        Assert.Equal(("model", "Model b", 1024), (first.GetProperty("type").GetString(), first.GetProperty("display_name").GetString(), first.GetProperty("max_input_tokens").GetInt32()));
        var rest = (await Server.SendAsync(HttpMethod.Get, "/v1/models?limit=2&after_id=accounts/fireworks/models/c", null, http)).Body;
        Assert.Equal(("accounts/fireworks/models/tiny", false), (Assert.Single(rest.GetProperty("data").EnumerateArray()).GetProperty("id").GetString(), rest.GetProperty("has_more").GetBoolean()));
        var back = (await Server.SendAsync(HttpMethod.Get, "/v1/models?limit=1&before_id=accounts/fireworks/models/c", null, http)).Body;
        Assert.Equal("accounts/fireworks/models/b", Assert.Single(back.GetProperty("data").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal("model", (await Server.SendAsync(HttpMethod.Get, "/v1/models/tiny", null, http)).Body.GetProperty("type").GetString());
        var (status, error) = await Server.SendAsync(HttpMethod.Get, "/v1/models?limit=0", null, http);
        Assert.Equal((400, "invalid_request_error"), (status, error.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal("list", (await Server.GetAsync("/v1/models")).Body.GetProperty("object").GetString());
    }

    private async Task<List<(string Name, JsonElement Data)>> StreamAsync(string json)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = TestServer.JsonBody(json) };
        using var response = await Server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var events = new List<(string, JsonElement)>();
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
            events.Add((item.EventType, JsonDocument.Parse(item.Data).RootElement));
        return events;
    }

    private static string Ordered(JsonElement message, params string[] fields) => "{" + string.Join(',', fields.Select(field => $"\"{field}\":{message.GetProperty(field).GetRawText()}")) + "}";

    private static async IAsyncEnumerable<GenerationEvent> OneAsync(GenerationEvent only, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield();
        yield return only;
    }

    private static async IAsyncEnumerable<GenerationEvent> BreakAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new() { Text = "Hel", TokenIds = [1], PromptTokenIds = [1] };
        await Task.Yield();
        throw new ReplicaLostException("gone");
    }
}
