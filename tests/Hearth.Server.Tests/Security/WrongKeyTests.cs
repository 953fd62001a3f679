using System.Text.Json;
using System.Text.RegularExpressions;
using Hearth.ControlPlane;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Rule S9, generated from the server's own route table: every address with every kind of wrong key. A new route is in it by being mapped.</summary>
public sealed partial class WrongKeyTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync(clock: _clock);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_missing_wrong_expired_or_revoked_key_and_that_of_a_deleted_user_open_no_address()
    {
        string?[] keys = [null, "nonsense", ApiKeys.NewKey(), await ExpiredAsync(), await RevokedAsync(), await KeyOfDeletedUserAsync()];
        foreach (var key in keys)
        {
            using var http = _server.NewHttp(key);
            foreach (var route in Routes().Where(route => route.Permission != Permission.None))
            {
                var (status, body) = await SendAsync(route, "local", http);
                Assert.True(status == 401, $"{route} with {key?[..4] ?? "no key"}: {status} {body}");
                Assert.Equal(route.Path.EndsWith("/messages") ? "authentication_error" : "UNAUTHORIZED", ErrorType(body));
            }
        }
    }

    [Fact]
    public async Task Another_accounts_address_answers_as_that_of_an_account_that_is_not_there()
    {
        using var stranger = _server.NewHttp(await AddUserAsync("other", "eve", UserRole.Admin));
        var routes = Routes().Where(route => route.Path.Contains("{account}")).ToList();
        Assert.True(routes.Count > 90, $"only {routes.Count} routes below accounts");
        foreach (var route in routes)
        {
            var (status, body) = await SendAsync(route, "local", stranger);
            var (absentStatus, absentBody) = await SendAsync(route, "nobody", stranger);
            Assert.True(status == 404, $"{route}: {status} {body}");
            Assert.Equal((status, body.Replace("/local", "/nobody")), (absentStatus, absentBody));
        }
    }

    [Theory]
    [InlineData(UserRole.InferenceUser)]
    [InlineData(UserRole.Contributor)]
    [InlineData(UserRole.User)]
    public async Task A_weaker_role_is_refused_where_its_permission_ends(UserRole role)
    {
        using var http = _server.NewHttp(await AddUserAsync("local", "weak", role));
        foreach (var route in Routes().Where(route => route.Permission != Permission.None))
        {
            var (status, body) = await SendAsync(route, "local", http);
            var others = route.Permission == Permission.Keys || (route.Permission == Permission.Change && role == UserRole.Contributor);
            if (!role.Allows(route.Permission)) Assert.True(status == 403, $"{role} at {route}: {status} {body}");
            else Assert.True(status is not (401 or 403) || (others && status == 403), $"{role} at {route}: {status} {body}");
        }
    }

    [Fact]
    public async Task Every_address_that_changes_something_asks_for_more_than_a_look()
    {
        await Task.CompletedTask;
        foreach (var route in Routes().Where(route => route.Method is "PATCH" or "DELETE" or "PUT")) // some POSTs only read
        {
            var open = route.Path.StartsWith(SignedAddresses.Prefix); // the signature is the permission
            Assert.True(open || route.Permission is not (Permission.None or Permission.View or Permission.ViewPublic), $"{route} declares {route.Permission}");
        }
    }

    private sealed record Route(string Method, string Path, Permission Permission)
    {
        public override string ToString() => $"{Method} {Path}";
    }

    private List<Route> Routes() =>
    [
        .. from endpoint in _server.Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
           select new Route(method, "/" + endpoint.RoutePattern.RawText!.TrimStart('/'), endpoint.Metadata.GetMetadata<RequiredPermission>()!.Permission),
    ];

    private async Task<(int Status, string Body)> SendAsync(Route route, string account, HttpClient http)
    {
        var address = Parameter().Replace(route.Path.Replace("{account}", account), "present");
        var json = route.Method is "GET" or "DELETE" ? null : "{}";
        using var message = new HttpRequestMessage(new HttpMethod(route.Method), address) { Content = json is null ? null : TestServer.JsonBody(json) };
        using var response = await http.SendAsync(message);
        return ((int)response.StatusCode, RequestId().Replace(await response.Content.ReadAsStringAsync(), ""));
    }

    private static string? ErrorType(string body)
    {
        var error = JsonDocument.Parse(body).RootElement.GetProperty("error");
        return error.TryGetProperty("code", out var code) ? code.GetString() : error.GetProperty("type").GetString();
    }

    private async Task<string> ExpiredAsync()
    {
        var key = await AddKeyAsync(ResourceName.Of("local", ResourceKind.Users, "admin"), _clock.GetUtcNow().AddMinutes(1));
        _clock.Advance(TimeSpan.FromMinutes(2));
        return key;
    }

    private async Task<string> RevokedAsync()
    {
        var (_, made) = await _server.PostAsync("/v1/accounts/local/users/admin/apiKeys", """{"apiKey":{}}""");
        await _server.PostAsync("/v1/accounts/local/users/admin/apiKeys:delete", $$"""{"keyId":"{{made.GetProperty("keyId").GetString()}}"}""");
        return made.GetProperty("key").GetString()!;
    }

    private async Task<string> KeyOfDeletedUserAsync()
    {
        var key = await AddUserAsync("local", "gone", UserRole.Admin);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/users/gone")).Status);
        return key;
    }

    private async Task<string> AddUserAsync(string account, string user, UserRole role)
    {
        var resources = _server.Server.Services.GetRequiredService<ResourceStore>();
        if (account != "local") await resources.CreateAsync<AccountRecord>(Caller.System, resources.NewRow(ResourceName.ForAccount(account), "READY", new AccountRecord()), default);
        var name = ResourceName.Of(account, ResourceKind.Users, user);
        await _server.Server.Services.GetRequiredService<Users>().CreateAsync(Caller.System, name, new UserRecord { Role = role, Email = $"{user}@{account}" }, default);
        return await AddKeyAsync(name, null);
    }

    private async Task<string> AddKeyAsync(ResourceName user, DateTimeOffset? end)
    {
        var key = ApiKeys.NewKey();
        await _server.Server.Services.GetRequiredService<ApiKeys>().CreateAsync(Caller.System, user, key, "test", end, default);
        return key;
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f-]{27}")]
    private static partial Regex RequestId();
}
