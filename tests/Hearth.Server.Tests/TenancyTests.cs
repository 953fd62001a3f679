using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Rule S9: another account's resources answer exactly as absent ones; inside the account, roles decide.</summary>
public sealed class TenancyTests : IAsyncLifetime
{
    private TestServer _server = null!;
    private HttpClient _stranger = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _stranger = _server.NewHttp(await AddUserAsync("other", "eve", UserRole.Admin));
    }

    public async ValueTask DisposeAsync()
    {
        _stranger.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Another_accounts_resources_answer_as_absent_ones_do()
    {
        await _server.AddDatasetAsync("present");
        var contract = ContractDocument.Load();
        foreach (var (method, path) in contract.Operations.Where(operation => operation.Path.Contains("{account_id}") && operation.Path != "/v1/accounts/{account_id}"))
        {
            var address = System.Text.RegularExpressions.Regex.Replace(path.Replace("{account_id}", "local"), @"\{[^}]+\}", "present");
            var absent = address.Replace("/local/", "/nobody/");
            var json = method is "GET" or "DELETE" ? null : "{}";
            var (status, body) = await _server.SendAsync(new HttpMethod(method), address, json, _stranger);
            var (absentStatus, absentBody) = await _server.SendAsync(new HttpMethod(method), absent, json, _stranger);
            Assert.True(status == 404, $"{method} {address}: {status} {body}");
            Assert.Equal((status, body.ToString().Replace("/local", "/nobody")), (absentStatus, absentBody.ToString()));
        }
    }

    [Fact]
    public async Task The_answer_for_an_absent_resource_is_the_same_inside_and_outside()
    {
        var inside = await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local/datasets/absent");
        var outside = await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local/datasets/absent", http: _stranger);
        Assert.Equal((inside.Status, inside.Body.ToString()), (outside.Status, outside.Body.ToString()));
    }

    [Fact]
    public async Task Another_accounts_deployment_cannot_be_asked()
    {
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await _server.ServeAsync("accounts/local/deployments/serve");
        foreach (var model in new[] { "accounts/local/deployments/serve", "tiny#local/serve", "accounts/fireworks/models/tiny" })
        {
            var (status, body) = await _server.SendAsync(HttpMethod.Post, "/v1/chat/completions", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"x"}]}""", _stranger);
            Assert.Equal(404, status);
            Assert.Equal("Model not found, inaccessible, and/or not deployed", body.GetProperty("error").GetProperty("message").GetString());
        }
    }

    [Fact]
    public async Task The_catalogue_is_readable_by_every_key_and_writable_by_none()
    {
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/fireworks/models/tiny", http: _stranger)).Status);
        var (_, list) = await _server.SendAsync(HttpMethod.Get, "/v1/accounts/fireworks/models", http: _stranger);
        Assert.Equal(1, list.GetProperty("models").GetArrayLength());
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/fireworks/models/tiny")).Status);
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Patch, "/v1/accounts/fireworks/models/tiny", "{}", _stranger)).Status);
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/fireworks/deployments", http: _stranger)).Status);
    }

    [Fact]
    public async Task An_account_sees_only_itself()
    {
        var (_, list) = await _server.SendAsync(HttpMethod.Get, "/v1/accounts", http: _stranger);
        Assert.Equal("accounts/other", Assert.Single(list.GetProperty("accounts").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(404, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local", http: _stranger)).Status);
    }

    [Theory]
    [InlineData(UserRole.InferenceUser, 403, 403, 403)]
    [InlineData(UserRole.Contributor, 200, 403, 403)]
    [InlineData(UserRole.User, 200, 200, 403)]
    [InlineData(UserRole.Admin, 200, 200, 200)]
    public async Task Roles_decide_inside_the_account(UserRole role, int create, int changeOthers, int administer)
    {
        await _server.Client.CreateDatasetAsync("admins");
        using var http = _server.NewHttp(await AddUserAsync("local", "bob", role));
        Assert.Equal(create, (await _server.SendAsync(HttpMethod.Post, "/v1/accounts/local/datasets", """{"datasetId":"bobs","dataset":{}}""", http)).Status);
        Assert.Equal(changeOthers, (await _server.SendAsync(HttpMethod.Patch, "/v1/accounts/local/datasets/admins", "{}", http)).Status);
        Assert.Equal(create, (await _server.SendAsync(HttpMethod.Patch, "/v1/accounts/local/datasets/bobs", "{}", http)).Status);
        Assert.Equal(administer, (await _server.SendAsync(HttpMethod.Post, "/v1/accounts/local/users?userId=carol", """{"role":"user","email":"c@x"}""", http)).Status);
        Assert.Equal(administer, (await _server.SendAsync(HttpMethod.Post, "/v1/accounts/local/users/admin/apiKeys", """{"apiKey":{}}""", http)).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Get, "/v1/accounts/local/datasets/admins", http: http)).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Post, "/v1/accounts/local/users/bob/apiKeys", """{"apiKey":{}}""", http)).Status);
    }

    private async Task<string> AddUserAsync(string account, string user, UserRole role)
    {
        var resources = _server.Server.Services.GetRequiredService<ResourceStore>();
        if (account != "local") await resources.CreateAsync<AccountRecord>(Caller.System, resources.NewRow(ResourceName.ForAccount(account), "READY", new AccountRecord()), default);
        var name = ResourceName.Of(account, ResourceKind.Users, user);
        await _server.Server.Services.GetRequiredService<Users>().CreateAsync(Caller.System, name, new UserRecord { Role = role, Email = $"{user}@{account}" }, default);
        var key = ApiKeys.NewKey();
        await _server.Server.Services.GetRequiredService<ApiKeys>().CreateAsync(Caller.System, name, key, "test", null, default);
        return key;
    }
}
