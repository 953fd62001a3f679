using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Users and service accounts: who may be what, and that nobody is locked out.</summary>
public sealed class UserTests : ContractCase
{
    private const string Admin = $"{Account}/users/admin";

    [Fact]
    public async Task A_user_lives_from_creation_to_deletion_as_documented()
    {
        var made = await CheckAsync("POST", $"{Account}/users?userId=alice", """{"role":"contributor","email":"alice@example.com","displayName":"Alice","serviceAccount":false}""");
        Assert.Equal(("contributor", "alice@example.com"), (made.GetProperty("role").GetString(), made.GetProperty("email").GetString()));
        Assert.Equal("user", (await CheckAsync("POST", $"{Account}/users?user_id=bob", """{"email":"bob@example.com"}""")).GetProperty("role").GetString());
        var changed = await CheckAsync("PATCH", $"{Account}/users/alice", """{"role":"user","email":"a@example.com"}""");
        Assert.Equal(("user", "a@example.com", "Alice"), (changed.GetProperty("role").GetString(), changed.GetProperty("email").GetString(), changed.GetProperty("displayName").GetString()));
        Assert.Equal(3, (await CheckAsync("GET", $"{Account}/users")).GetProperty("totalSize").GetInt32());
        using var alice = await KeyOfAsync("alice");
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Get, Account, http: alice)).Status);
        Assert.Equal((200, "{}"), Text(await Server.SendAsync(HttpMethod.Delete, $"{Account}/users/alice")));
        Assert.Equal(404, (await Server.GetAsync($"{Account}/users/alice")).Status);
        Assert.Equal(401, (await Server.SendAsync(HttpMethod.Get, Account, http: alice)).Status);
        Assert.Equal(200, (await Server.PostAsync($"{Account}/users?userId=alice", """{"email":"a@example.com"}""")).Status);
        Assert.Equal(401, (await Server.SendAsync(HttpMethod.Get, Account, http: alice)).Status); // the id came back, the key did not
    }

    [Theory]
    [InlineData("""{"role":"custom","email":"x@example.com"}""", 501, "custom")]
    [InlineData("""{"role":"owner","email":"x@example.com"}""", 400, "inference-user")]
    [InlineData("""{"role":"user"}""", 400, "email is required")]
    [InlineData("""{"role":"user","email":"not an address"}""", 400, "not an e-mail address")]
    [InlineData("""{"role":"user","email":"ADMIN@localhost"}""", 409, "accounts/local/users/admin")]
    [InlineData("""{"role":"user","email":"x@example.com","serviceAccount":true}""", 400, "no email of its own")]
    public async Task What_no_user_can_be_is_refused_with_the_rule(string body, int status, string says)
    {
        var (answered, answer) = await Server.PostAsync($"{Account}/users?userId=x", body);
        Assert.Equal(status, answered);
        Assert.Contains(says, answer.GetProperty("message").GetString());
    }

    [Fact]
    public async Task The_last_admin_stays()
    {
        foreach (var (method, body) in new[] { (HttpMethod.Patch, """{"role":"user"}"""), (HttpMethod.Delete, null) })
        {
            var (status, answer) = await Server.SendAsync(method, Admin, body);
            Assert.Equal((400, true), (status, answer.GetProperty("message").GetString()!.Contains("last admin")));
        }
        await CheckAsync("POST", $"{Account}/users?userId=robot", """{"role":"admin","serviceAccount":true}""");
        Assert.Equal(400, (await Server.SendAsync(HttpMethod.Delete, Admin)).Status); // a service account cannot let people in
        await CheckAsync("POST", $"{Account}/users?userId=second", """{"role":"admin","email":"second@example.com"}""");
        await CheckAsync("PATCH", Admin, """{"role":"user"}""");
        Assert.Equal(403, (await Server.SendAsync(HttpMethod.Delete, Admin)).Status); // no longer an admin
    }

    [Fact]
    public async Task Of_two_admins_who_leave_at_once_one_stays()
    {
        await CheckAsync("POST", $"{Account}/users?userId=second", """{"role":"admin","email":"second@example.com"}""");
        using var second = await KeyOfAsync("second");
        var statuses = await Task.WhenAll(
            Server.SendAsync(HttpMethod.Patch, $"{Account}/users/second", """{"role":"user"}"""),
            Server.SendAsync(HttpMethod.Patch, Admin, """{"role":"user"}""", second));
        Assert.Equal(200, Assert.Single(statuses, answer => answer.Status == 200).Status);
    }

    [Fact]
    public async Task Only_an_admin_makes_keys_of_a_service_account()
    {
        var made = await CheckAsync("POST", $"{Account}/users?userId=robot", """{"role":"user","serviceAccount":true}""");
        Assert.Equal(("robot@local.sa.fireworks.ai", true), (made.GetProperty("email").GetString(), made.GetProperty("serviceAccount").GetBoolean()));
        using var robot = await KeyOfAsync("robot");
        Assert.Equal(403, (await Server.SendAsync(HttpMethod.Post, $"{Account}/users/robot/apiKeys", """{"apiKey":{}}""", robot)).Status);
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Get, $"{Account}/users/robot/apiKeys", http: robot)).Status);
        foreach (var change in new[] { """{"serviceAccount":false}""", """{"email":"robot@example.com"}""" })
            Assert.Equal(400, (await Server.SendAsync(HttpMethod.Patch, $"{Account}/users/robot", change)).Status);
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Post, $"{Account}/datasets", """{"datasetId":"robots","dataset":{}}""", robot)).Status);
    }

    [Fact]
    public async Task A_change_of_role_holds_from_the_next_request_on()
    {
        await CheckAsync("POST", $"{Account}/users?userId=alice", """{"role":"user","email":"alice@example.com"}""");
        using var alice = await KeyOfAsync("alice");
        Assert.Equal(200, (await Server.SendAsync(HttpMethod.Post, $"{Account}/datasets", """{"datasetId":"one","dataset":{}}""", alice)).Status);
        await CheckAsync("PATCH", $"{Account}/users/alice", """{"role":"inference-user"}""");
        Assert.Equal(403, (await Server.SendAsync(HttpMethod.Post, $"{Account}/datasets", """{"datasetId":"two","dataset":{}}""", alice)).Status);
    }

    private async Task<HttpClient> KeyOfAsync(string user) =>
        Server.NewHttp((await CheckAsync("POST", $"{Account}/users/{user}/apiKeys", """{"apiKey":{}}""")).GetProperty("key").GetString());

    private static (int, string) Text((int Status, System.Text.Json.JsonElement Body) answer) => (answer.Status, answer.Body.ToString());
}
