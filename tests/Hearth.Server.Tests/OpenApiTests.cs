using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>The server's description of itself against the published contract, and the page that shows it.</summary>
public sealed partial class OpenApiTests : IAsyncLifetime
{
    private static readonly ContractDocument Contract = ContractDocument.Load();
    private TestServer _server = null!;
    private JsonElement _document;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        using var nobody = _server.NewHttp(null);
        _document = (await _server.SendAsync(HttpMethod.Get, "/openapi.json", http: nobody)).Body;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public void It_is_valid_and_every_operation_has_a_name_of_its_own()
    {
        var read = OpenApiDocument.Parse(_document.GetRawText());
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Document!.Validate(ValidationRuleSet.GetDefaultRuleSet()));
        var names = Operations().Select(operation => operation.Value.GetProperty("operationId").GetString()).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        var text = _document.GetRawText();
        foreach (Match reference in Reference().Matches(text)) Assert.True(Find(reference.Groups[1].Value) is not null, $"{reference.Groups[1].Value} is nowhere");
    }

    [Fact]
    public void Every_operation_of_the_contract_is_in_it_with_its_query_and_its_answers_fields()
    {
        var problems = new List<string>();
        foreach (var (method, path) in Contract.Operations)
        {
            var found = Operations().Where(operation => operation.Method == method && Plain(operation.Path) == Plain(path)).Select(operation => (JsonElement?)operation.Value).SingleOrDefault();
            if (found is not { } ours)
            {
                problems.Add($"{method} {path} is missing");
                continue;
            }
            var theirs = Contract.Operation(method, path);
            var query = Names(theirs, "x-query").Except(Parameters(ours));
            problems.AddRange(query.Select(field => $"{method} {path}: the query field {field} is missing"));
            if (!IsImplemented(ours)) continue;
            problems.AddRange(AnswerProblems(ours, theirs.GetProperty("x-response")).Select(problem => $"{method} {path}: {problem}"));
        }
        Assert.True(problems.Count == 0, $"OpenApi/OperationShape.cs says how operations are described.\n{string.Join('\n', problems)}");
    }

    [Fact]
    public void Bodies_that_are_read_are_described()
    {
        var bare = Operations().Where(operation => operation.Method is "POST" or "PATCH" && IsImplemented(operation.Value) && operation.Path.StartsWith("/v1/") && !operation.Value.TryGetProperty("requestBody", out _));
        Assert.Equal([], bare.Select(operation => $"{operation.Method} {operation.Path}"));
    }

    [Fact]
    public void Its_types_are_those_of_the_wire()
    {
        var dataset = _document.GetProperty("components").GetProperty("schemas").GetProperty("Dataset").GetProperty("properties");
        Assert.Equal("""{"type":"string","format":"int64"}""", dataset.GetProperty("exampleCount").GetRawText());
        Assert.Contains("date-time", dataset.GetProperty("createTime").GetRawText());
        Assert.True(dataset.TryGetProperty("hearthReport", out _));
        Assert.Contains("READY", _document.GetProperty("components").GetProperty("schemas").GetProperty("UploadState").GetRawText());
        var chat = _document.GetProperty("components").GetProperty("schemas").GetProperty("ChatCompletionRequest").GetProperty("properties");
        Assert.Contains("integer", chat.GetProperty("max_tokens").GetRawText());
        Assert.Equal("Create", _document.GetProperty("paths").GetProperty("/v1/accounts/{account}/datasets").GetProperty("post").GetProperty("x-hearth-permission").GetString());
    }

    [Fact]
    public async Task The_page_and_all_that_it_loads_come_from_the_server()
    {
        using var nobody = _server.NewHttp(null);
        using var page = await nobody.GetAsync("/docs/index.html");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy);
        Assert.DoesNotContain("http", policy);
        var html = await page.Content.ReadAsStringAsync();
        var assets = Asset().Matches(html).Select(match => match.Groups[1].Value).ToList();
        Assert.Contains(assets, asset => asset.Contains("swagger-ui-bundle.js"));
        foreach (var asset in assets)
        {
            Assert.DoesNotContain("//", asset);
            Assert.Equal(HttpStatusCode.OK, (await nobody.GetAsync(new Uri(new Uri(_server.Server.Url + "/docs/"), asset))).StatusCode);
        }
        Assert.DoesNotMatch("<script>\\s*\\S", html); // the policy would stop it
        Assert.Contains("/openapi.json", await nobody.GetStringAsync("/docs/index.js") + html);
    }

    private IEnumerable<(string Method, string Path, JsonElement Value)> Operations() => _document.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(verb => (verb.Name.ToUpperInvariant(), path.Name, verb.Value)));

    private static bool IsImplemented(JsonElement operation) => !operation.TryGetProperty("description", out var text) || !text.GetString()!.Contains("501");

    private static IEnumerable<string> Names(JsonElement operation, string part) =>
        operation.TryGetProperty(part, out var value) && value.ValueKind == JsonValueKind.Object ? value.GetProperty("fields").EnumerateArray().Select(field => field.GetString()!) : [];

    private static IEnumerable<string> Parameters(JsonElement operation) =>
        operation.TryGetProperty("parameters", out var all) ? all.EnumerateArray().Where(one => one.GetProperty("in").ValueEquals("query")).Select(one => one.GetProperty("name").GetString()!) : [];

    private IEnumerable<string> AnswerProblems(JsonElement ours, JsonElement theirs)
    {
        if (!ours.GetProperty("responses").GetProperty("200").TryGetProperty("content", out var content)) return ["its answer has no shape"];
        var schema = Resolve(content.GetProperty("application/json").GetProperty("schema"));
        if (theirs.ValueKind == JsonValueKind.String) return schema.GetProperty("properties").EnumerateObject().Any() ? ["it answers {}"] : [];
        if (theirs.TryGetProperty("page", out _))
        {
            schema = Resolve(schema.GetProperty("properties").EnumerateObject().First(field => field.Value.GetProperty("type").ValueEquals("array")).Value.GetProperty("items"));
            theirs = theirs.GetProperty("item");
        }
        var expected = Contract.Schema(theirs.GetProperty("$ref").GetString()!.Split('/')[^1]);
        if (!expected.TryGetProperty("properties", out var properties)) return [];
        var names = schema.GetProperty("properties").EnumerateObject().Select(field => field.Name).ToHashSet();
        return properties.EnumerateObject().Where(field => !names.Contains(field.Name)).Select(field => $"the answer's field {field.Name} is missing");
    }

    private JsonElement Resolve(JsonElement schema) => schema.TryGetProperty("$ref", out var reference) ? Find(reference.GetString()!)!.Value : schema;

    private JsonElement? Find(string reference)
    {
        var place = _document;
        foreach (var part in reference.Split('/').Skip(1))
            if (!place.TryGetProperty(part, out place)) return null;
        return place;
    }

    private static string Plain(string path) => Parameter().Replace(path, "{}");

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("\"\\$ref\":\"([^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Asset();
}
