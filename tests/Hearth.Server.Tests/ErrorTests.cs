using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Every refusal in the dialect of its address, never problem+json.</summary>
public sealed class ErrorTests(ErrorTests.Fixture fixture) : IClassFixture<ErrorTests.Fixture>
{
    private readonly TestServer _server = fixture.Server;

    public sealed class Fixture : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData(null, "/v1/accounts/local/datasets")]
    [InlineData("fw_wrong", "/v1/accounts/local/datasets")]
    [InlineData("not-even-ours", "/inference/v1/models")]
    public async Task A_missing_or_wrong_key_is_unauthorized_on_both_planes(string? key, string address)
    {
        using var http = _server.NewHttp(key);
        var (status, body) = await _server.SendAsync(HttpMethod.Get, address, http: http);
        Assert.Equal(401, status);
        Assert.Equal("UNAUTHORIZED", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Contains("API key", body.GetProperty("error").GetProperty("message").GetString());
        Assert.True(Guid.TryParse(body.GetProperty("request_id").GetString(), out _));
    }

    [Fact]
    public async Task The_key_is_taken_from_x_api_key_too_even_doubled()
    {
        using var http = _server.NewHttp(null);
        http.DefaultRequestHeaders.Add("x-api-key", [_server.Server.AdminKey!, _server.Server.AdminKey!]);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local", http: http)).Status);
        http.DefaultRequestHeaders.Add("x-api-key", "fw_other");
        Assert.Equal(401, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local", http: http)).Status);
    }

    [Theory]
    [InlineData("GET", "/v1/accounts/local/datasets/absent", null, 404, 5, "accounts/local/datasets/absent not found")]
    [InlineData("GET", "/v1/no/such/path", null, 404, 5, "Path not found")]
    [InlineData("PUT", "/v1/accounts/local/datasets", "{}", 405, 12, "Method Not Allowed")]
    [InlineData("POST", "/v1/accounts/local/datasets", "{\"datasetId\":", 400, 3, "not valid JSON")]
    [InlineData("POST", "/v1/accounts/local/datasets", "[]", 400, 3, "must be a JSON object")]
    [InlineData("POST", "/v1/accounts/local/datasets", "{\"datasetId\":\"d\",\"bananas\":1}", 400, 3, "unknown field \"bananas\"")]
    [InlineData("POST", "/v1/accounts/local/datasets", "{\"datasetId\":\"d\",\"dataset\":{\"bananas\":1}}", 400, 3, "unknown field \"dataset.bananas\"")]
    [InlineData("POST", "/v1/accounts/local/datasets", "{\"datasetId\":\"d\",\"dataset\":{\"format\":\"BANANAS\"}}", 400, 3, "invalid value for field \"dataset.format\"")]
    [InlineData("POST", "/v1/accounts/local/datasets", "{\"datasetId\":\"Not_An_Id\",\"dataset\":{}}", 400, 3, "not a valid id")]
    [InlineData("GET", "/v1/accounts/local/datasets?pageSize=x", null, 400, 3, "pageSize must be a whole number")]
    [InlineData("POST", "/v1/accounts/local/supervisedFineTuningJobs", "{\"isTurbo\":true}", 501, 12, "Turbo training (isTurbo) is not implemented")]
    public async Task Control_plane_errors_have_code_message_and_details(string method, string address, string? json, int status, int code, string message)
    {
        var (actual, body) = await _server.SendAsync(new HttpMethod(method), address, json);
        Assert.Equal((status, code), (actual, body.GetProperty("code").GetInt32()));
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(JsonValueKind.Array, body.GetProperty("details").ValueKind);
        Assert.Equal(3, body.EnumerateObject().Count());
    }

    [Theory]
    [InlineData("{\"model\":", 400, "INVALID_ARGUMENT", null, "not valid JSON")]
    [InlineData("{}", 400, "INVALID_ARGUMENT", "messages", "messages is required")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 400, "INVALID_ARGUMENT", "model", "model is required")]
    [InlineData("{\"model\":\"bananas\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", 404, "NOT_FOUND", "model", "Model not found, inaccessible, and/or not deployed")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"bananas\",\"content\":\"x\"}]}", 400, "INVALID_ARGUMENT", "messages", "bananas")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":3}", 400, "INVALID_ARGUMENT", "temperature", "from 0 to 2")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":0}", 400, "INVALID_ARGUMENT", "n", "from 1 to 128")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":\"many\"}", 400, "INVALID_ARGUMENT", "max_tokens", "invalid value")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":1,\"max_completion_tokens\":1}", 400, "INVALID_ARGUMENT", "max_tokens", "cannot be combined")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"top_logprobs\":2}", 400, "INVALID_ARGUMENT", "top_logprobs", "needs logprobs")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"grammar\",\"grammar\":\"root ::= x\"}}", 501, "UNIMPLEMENTED", "response_format", "not implemented")]
    [InlineData("{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"response_format\":{\"type\":\"json_schema\"}}", 400, "INVALID_ARGUMENT", "response_format", "needs json_schema")]
    public async Task Inference_errors_have_error_and_request_id(string json, int status, string code, string? param, string message)
    {
        foreach (var prefix in new[] { "/inference/v1", "/v1" })
        {
            var (actual, body) = await _server.PostAsync($"{prefix}/chat/completions", json);
            var error = body.GetProperty("error");
            Assert.Equal((status, code, param, "error"), (actual, error.GetProperty("code").GetString(), error.GetProperty("param").GetString(), error.GetProperty("type").GetString()));
            Assert.Contains(message, error.GetProperty("message").GetString());
            Assert.True(body.TryGetProperty("request_id", out _));
        }
    }

    [Fact]
    public async Task Framework_errors_are_in_the_dialect_too()
    {
        var plain = new StringContent("x", Encoding.UTF8, "text/plain");
        using var response = await _server.Http.PostAsync("/v1/accounts/local/datasets", plain);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("\"code\":3", await response.Content.ReadAsStringAsync());

        using var large = new HttpRequestMessage(HttpMethod.Post, "/v1/accounts/local/datasets") { Content = TestServer.JsonBody($$"""{"datasetId":"{{new string('x', 5 << 20)}}"}""") };
        large.Headers.ExpectContinue = true; // so that the refusal comes before the body
        using var tooLarge = await _server.Http.SendAsync(large);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Contains("larger", await tooLarge.Content.ReadAsStringAsync());

        var (status, body) = await _server.SendAsync(HttpMethod.Get, "/inference/v1/absent");
        Assert.Equal(404, status);
        Assert.Equal("NOT_FOUND", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_final_refusal_tells_clients_not_to_retry()
    {
        await _server.Client.CreateDatasetAsync("twice");
        using var response = await _server.Http.PostAsync("/v1/accounts/local/datasets", TestServer.JsonBody("""{"datasetId":"twice","dataset":{}}"""));
        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.Contains("\"code\":6", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Fields_are_read_in_snake_case_too_and_64_bit_numbers_as_numbers()
    {
        var (status, body) = await _server.PostAsync("/v1/accounts/local/datasets",
            """{"dataset_id":"snake","dataset":{"display_name":"Snake","example_count":7,"user_uploaded":{}}}""");
        Assert.Equal(200, status);
        Assert.Equal("Snake", body.GetProperty("displayName").GetString());
        Assert.Equal(JsonValueKind.String, body.GetProperty("exampleCount").ValueKind);
    }
}
