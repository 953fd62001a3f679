using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>API keys: how long they hold, who sees them, what they tell.</summary>
public sealed class ApiKeyTests : IDisposable
{
    private const string Users = "/v1/accounts/local/users", Keys = $"{Users}/admin/apiKeys";

    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-keys-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_key_ends_with_its_time_and_at_once_when_revoked()
    {
        var clock = new ManualClock();
        await using var server = await TestServer.StartAsync(_directory, clock);
        var end = JsonSerializer.Serialize(clock.GetUtcNow().AddHours(1));
        var (_, timed) = await server.PostAsync(Keys, $$$"""{"apiKey":{"displayName":"timed","expireTime":{{{end}}}}}""");
        var (_, lasting) = await server.PostAsync(Keys, """{"apiKey":{}}""");
        using var first = server.NewHttp(timed.GetProperty("key").GetString());
        using var second = server.NewHttp(lasting.GetProperty("key").GetString());
        Assert.Equal((200, 200), (await VerifyAsync(first), await VerifyAsync(second)));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal((401, 200), (await VerifyAsync(first), await VerifyAsync(second)));
        Assert.Equal(200, (await server.PostAsync($"{Keys}:delete", $$"""{"keyId":"{{lasting.GetProperty("keyId").GetString()}}"}""")).Status);
        Assert.Equal(401, await VerifyAsync(second));
        Assert.Equal(400, (await server.PostAsync(Keys, """{"apiKey":{"expireTime":"2001-01-01T00:00:00Z"}}""")).Status);
    }

    [Fact]
    public async Task Verifying_a_key_tells_its_account_in_a_header()
    {
        await using var server = await TestServer.StartAsync(_directory);
        using var answer = await server.Http.GetAsync("/verifyApiKey");
        Assert.Equal((200, "local"), ((int)answer.StatusCode, Assert.Single(answer.Headers.GetValues("x-fireworks-account-id"))));
        using var nobody = server.NewHttp("fw_wrong");
        using var refused = await nobody.GetAsync("/verifyApiKey");
        Assert.Equal((401, false), ((int)refused.StatusCode, refused.Headers.Contains("x-fireworks-account-id")));
        Assert.Equal("UNAUTHORIZED", JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task An_admin_lists_the_keys_of_all_users_in_pages()
    {
        await using var server = await TestServer.StartAsync(_directory);
        foreach (var user in new[] { "alice", "bob" })
        {
            await server.PostAsync($"{Users}?userId={user}", $$"""{"email":"{{user}}@example.com"}""");
            await server.PostAsync($"{Users}/{user}/apiKeys", $$$"""{"apiKey":{"displayName":"{{{user}}}"}}""");
        }
        var (_, bobs) = await server.PostAsync($"{Users}/bob/apiKeys", """{"apiKey":{}}""");
        var seen = new List<string>();
        for (var token = ""; ;)
        {
            var (status, page) = await server.GetAsync($"{Users}/-/apiKeys?pageSize=3&pageToken={token}");
            Assert.Equal((200, 4), (status, page.GetProperty("totalSize").GetInt32()));
            seen.AddRange(page.GetProperty("apiKeys").EnumerateArray().Select(key => key.GetProperty("email").GetString()!));
            if ((token = page.GetProperty("nextPageToken").GetString()!) == "") break;
        }
        Assert.Equal(["admin@localhost", "alice@example.com", "bob@example.com", "bob@example.com"], seen);
        Assert.Equal(2, (await server.GetAsync($"{Users}/-/apiKeys?filter=email=%22bob@example.com%22")).Body.GetProperty("totalSize").GetInt32());
        using var bob = server.NewHttp(bobs.GetProperty("key").GetString());
        Assert.Equal(403, (await server.SendAsync(HttpMethod.Get, $"{Users}/-/apiKeys", http: bob)).Status);
        Assert.Equal(403, (await server.SendAsync(HttpMethod.Get, $"{Users}/alice/apiKeys", http: bob)).Status);
        Assert.Equal(2, (await server.SendAsync(HttpMethod.Get, $"{Users}/bob/apiKeys", http: bob)).Body.GetProperty("totalSize").GetInt32());
    }

    [Fact]
    public async Task A_server_of_which_no_admin_has_a_key_makes_one_at_its_next_start()
    {
        string first;
        await using (var server = await TestServer.StartAsync(_directory))
        {
            first = server.Server.AdminKey!;
            var id = (await server.GetAsync(Keys)).Body.GetProperty("apiKeys")[0].GetProperty("keyId").GetString();
            Assert.Equal(200, (await server.PostAsync($"{Keys}:delete", $$"""{"keyId":"{{id}}"}""")).Status);
            Assert.Equal(401, (await server.GetAsync(Keys)).Status);
        }
        await using var again = await TestServer.StartAsync(_directory);
        Assert.NotEqual(first, again.Server.AdminKey);
        Assert.Equal(200, (await again.GetAsync(Keys)).Status);
    }

    [Fact]
    public async Task A_deleted_first_admin_does_not_come_back()
    {
        await using (var server = await TestServer.StartAsync(_directory))
        {
            await server.PostAsync($"{Users}?userId=boss", """{"role":"admin","email":"boss@example.com"}""");
            var (_, key) = await server.PostAsync($"{Users}/boss/apiKeys", """{"apiKey":{}}""");
            using var boss = server.NewHttp(key.GetProperty("key").GetString());
            Assert.Equal(200, (await server.SendAsync(HttpMethod.Delete, $"{Users}/admin", http: boss)).Status);
        }
        await using var again = await TestServer.StartAsync(_directory);
        Assert.False(again.Server.IsFirstStart);
        Assert.Null(await again.Store.GetAsync("accounts/local/users/admin", default));
    }

    private static async Task<int> VerifyAsync(HttpClient http)
    {
        using var answer = await http.GetAsync("/verifyApiKey");
        return (int)answer.StatusCode;
    }
}
