using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Routers, and the other small collections of an account.</summary>
public sealed class RouterTests : IAsyncLifetime
{
    private const string Account = "/v1/accounts/local", Routers = $"{Account}/routers";

    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        foreach (var id in new[] { "one", "two" }) await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, id);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_router_lives_from_creation_to_deletion()
    {
        var (status, made) = await _server.PostAsync($"{Routers}?routerId=r", """{"displayName":"Both","deployments":["one","accounts/local/deployments/two","one"]}""");
        Assert.Equal((200, "accounts/local/routers/r", TestServer.Base), (status, Text(made, "name"), Text(made, "model")));
        Assert.Equal(["accounts/local/deployments/one", "accounts/local/deployments/two"], made.GetProperty("deployments").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Delete, $"{Account}/deployments/two?ignoreChecks=true")).Status); // the router uses it
        var (_, changed) = await _server.SendAsync(HttpMethod.Patch, $"{Routers}/r", """{"deployments":["one"]}""");
        Assert.Equal(("Both", 1), (Text(changed, "displayName"), changed.GetProperty("deployments").GetArrayLength()));
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Account}/deployments/two?ignoreChecks=true")).Status);
        Assert.Equal(1, (await _server.GetAsync(Routers)).Body.GetProperty("totalSize").GetInt32());
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{Routers}/r")).Status);
        Assert.Equal(404, (await _server.GetAsync($"{Routers}/r")).Status);
    }

    [Theory]
    [InlineData("""{"deployments":[]}""", 400, "Name 1 to 100")]
    [InlineData("""{"deployments":["absent"]}""", 404, "accounts/local/deployments/absent not found")]
    [InlineData("""{"deployments":["accounts/other/deployments/d"]}""", 404, "accounts/other/deployments/d not found")]
    [InlineData("""{"deployments":["one","another"]}""", 400, "serve one model")]
    public async Task A_router_of_what_does_not_fit_together_is_refused(string body, int status, string says)
    {
        await _server.Server.RegisterBaseModelAsync("other", "/other", TestServer.Facts, "Other");
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "other" }, "another");
        var (answered, answer) = await _server.PostAsync(Routers, body);
        Assert.Equal(status, answered);
        Assert.Contains(says, Text(answer, "message"));
    }

    [Fact]
    public async Task Requests_to_a_router_go_where_replicas_are_ready()
    {
        await _server.PostAsync($"{Routers}?routerId=r", """{"deployments":["one","two"]}""");
        const string chat = """{"model":"accounts/local/routers/r","messages":[{"role":"user","content":"Hi"}]}""";
        Assert.Equal(503, (await _server.PostAsync("/v1/chat/completions", chat)).Status);
        await _server.ServeAsync("accounts/local/deployments/two");
        Assert.Equal(["two", "two", "two"], await AskedAsync(chat, 3));
        await _server.ServeAsync("accounts/local/deployments/one");
        Assert.Equal(["one", "one", "two", "two"], (await AskedAsync(chat, 4)).Order());
        Assert.Equal(404, (await _server.PostAsync("/v1/chat/completions", chat.Replace("routers/r", "routers/absent"))).Status);
    }

    [Fact]
    public async Task An_identity_provider_is_kept_and_its_secret_never_shown()
    {
        const string providers = $"{Account}/identityProviders";
        var (status, oidc) = await _server.PostAsync($"{providers}?identityProviderId=company", """
            {"displayName":"Company","oidcConfig":{"issuer":"https://id.example.com","clientId":"hearth","clientSecret":"canary"},"tenantDomains":["example.com"]}
            """);
        Assert.Equal((200, "https://id.example.com"), (status, Text(oidc.GetProperty("oidcConfig"), "issuer")));
        Assert.DoesNotContain("canary", (await _server.GetAsync(providers)).Body.ToString() + oidc);
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Patch, $"{providers}/company", """{"samlConfig":{"metadataUrl":"https://id.example.com/saml"}}""")).Status);
        Assert.Equal("Ours", Text((await _server.SendAsync(HttpMethod.Patch, $"{providers}/company", """{"displayName":"Ours"}""")).Body, "displayName"));
        foreach (var wrong in new[] { "{}", """{"samlConfig":{"metadataUrl":"http://id.example.com"}}""", """{"oidcConfig":{"issuer":"https://id.example.com","clientId":"c"}}""" })
            Assert.Equal(400, (await _server.PostAsync(providers, wrong)).Status);
        Assert.Equal(501, (await _server.PostAsync($"{providers}/company:signIn", "{}")).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"{providers}/company")).Status);
        Assert.Null(await _server.Store.GetAsync("accounts/local/identityProviders/company/secrets/oidc-client-secret", default));
    }

    [Theory]
    [InlineData("creditRedemptions")]
    [InlineData("reservations")]
    public async Task What_this_server_never_has_is_an_empty_list(string collection)
    {
        var (status, list) = await _server.GetAsync($"{Account}/{collection}");
        Assert.Equal((200, 0, 0), (status, list.GetProperty(collection).GetArrayLength(), list.GetProperty("totalSize").GetInt32()));
        Assert.Equal(404, (await _server.GetAsync($"{Account}/{collection}/absent")).Status);
    }

    private async Task<List<string>> AskedAsync(string chat, int times)
    {
        var places = new List<string>();
        for (var i = 0; i < times; i++)
        {
            using var answer = await _server.Http.PostAsync("/v1/chat/completions", TestServer.JsonBody(chat));
            Assert.Equal(200, (int)answer.StatusCode);
            Assert.Equal("accounts/local/routers/r", JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("model").GetString());
            places.Add(Assert.Single(answer.Headers.GetValues("fireworks-deployment")).Split('/')[^1]);
        }
        return places;
    }

    private static string Text(JsonElement element, string field) => element.GetProperty(field).GetString()!;
}
