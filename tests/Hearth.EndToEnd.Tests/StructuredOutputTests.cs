using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>Answers held to JSON schemas by the real engine: the embedded model was never taught any JSON.</summary>
public sealed class StructuredOutputTests(ServingTests.SharedServer shared) : IClassFixture<ServingTests.SharedServer>
{
    private const string Schema = """{"type":"object","properties":{"answer":{"type":"integer","minimum":0,"maximum":99},"unit":{"enum":["apples","pears"]}},"required":["answer","unit"]}""";

    [Fact]
    public async Task The_openai_package_gets_an_object_by_its_schema_whole_and_streamed()
    {
        var answer = await NodePackage.OpenAi.AskAsync(new Uri(shared.Server.Url, "v1"), shared.Server.AdminKey, shared.Deployment, "Tom has 12 apples and buys 7 more. How many?", "object.mjs");
        Assert.Equal(answer.Whole, answer.Text);
        var json = JsonDocument.Parse(answer.Text).RootElement;
        Assert.Equal(["answer", "certain", "unit", "steps"], json.EnumerateObject().Select(member => member.Name));
        Assert.InRange(json.GetProperty("answer").GetInt32(), 0, 1000);
        Assert.Equal("stop", answer.FinishReason);
        Assert.True(answer.Chunks > 5);
        Assert.StartsWith("400 response_format", answer.Refused);
        Assert.Contains("#/properties/a/not", answer.Refused);
    }

    [Fact]
    public async Task The_ai_sdk_generates_an_object()
    {
        var answer = await NodePackage.AiSdk.AskAsync(new Uri(shared.Server.Url, "inference/v1"), shared.Server.AdminKey, shared.Deployment, "Tom has 12 apples and buys 7 more. How many?", "object.mjs");
        var json = JsonDocument.Parse(answer.Text).RootElement;
        Assert.InRange(json.GetProperty("answer").GetInt32(), 0, 1000);
        Assert.Contains(json.GetProperty("unit").GetString(), (string[])["apples", "pears"]);
    }

    [Theory]
    [InlineData("chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"How many apples?\"}]")]
    [InlineData("completions", "\"prompt\":\"How many apples?\"")]
    public async Task Every_choice_fits_the_schema_at_any_temperature(string address, string prompt)
    {
        var (status, answer) = await AskAsync(address, $$"""{{prompt}},"n":4,"temperature":2,"seed":5,"max_tokens":200,"response_format":{"type":"json_schema","schema":{{Schema}} }""");
        Assert.Equal(HttpStatusCode.OK, status);
        foreach (var choice in answer.GetProperty("choices").EnumerateArray())
        {
            Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
            var json = JsonDocument.Parse((choice.TryGetProperty("text", out var text) ? text : choice.GetProperty("message").GetProperty("content")).GetString()!).RootElement;
            Assert.InRange(json.GetProperty("answer").GetInt32(), 0, 99);
        }
    }

    [Fact]
    public async Task A_json_object_that_does_not_fit_is_cut_with_length_and_refused_schemas_harm_no_other()
    {
        var good = AskAsync("completions", """ "prompt":"x","temperature":1,"seed":1,"max_tokens":12,"response_format":{"type":"json_object"} """);
        var bad = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => AskAsync("completions", $$""" "prompt":"x","response_format":{"type":"json_schema","schema":{"type":"string","minLength":{{i + 1}},"maxLength":{{i}} } } """)));
        Assert.All(bad, answer => Assert.Equal(HttpStatusCode.BadRequest, answer.Status));
        Assert.All(bad, answer => Assert.Equal("response_format", answer.Body.GetProperty("error").GetProperty("param").GetString()));
        var choice = (await good).Body.GetProperty("choices")[0];
        Assert.StartsWith("{", choice.GetProperty("text").GetString()!.TrimStart());
        Assert.Contains(choice.GetProperty("finish_reason").GetString(), (string[])["length", "stop"]);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> AskAsync(string address, string fields)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", shared.Server.AdminKey);
        using var content = new StringContent($$"""{"model":"{{shared.Deployment}}",{{fields}}}""", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(shared.Server.Url, $"v1/{address}"), content);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
