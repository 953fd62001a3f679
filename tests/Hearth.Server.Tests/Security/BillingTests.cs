using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>What usage costs, worked out of usage rows and price versions.</summary>
public sealed class BillingTests : IDisposable
{
    private const string Account = "/v1/accounts/local";
    private static readonly DateTimeOffset Day = new(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);
    private const string March = "startTime=2026-03-01T00:00:00Z&endTime=2026-04-01T00:00:00Z";

    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-billing-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Costs_follow_size_kind_cache_and_the_day_s_prices()
    {
        await using var server = await StartAsync();
        var usage = (await server.GetAsync($"{Account}/billingUsage?{March}&groupBy=MODEL")).Body;
        var serverless = usage.GetProperty("serverlessCosts").EnumerateArray().ToList();
        // 1,000,000 prompt tokens of which half from the cache at half the price, 500,000 completion tokens, at 0.10 and from the 11th on at 0.20 a million
        Assert.Equal(["0.125", "0.25"], serverless.Select(Cost));
        Assert.Equal((TestServer.Base, "1000000", "500000", "1"), (Text(serverless[0], "modelName"), Text(serverless[0], "promptTokens"), Text(serverless[0], "cachedPromptTokens"), Text(serverless[0], "requestCount")));
        Assert.Equal(["14"], usage.GetProperty("dedicatedDeploymentCosts").EnumerateArray().Select(Cost)); // two hours at 7
        Assert.Equal(["1"], usage.GetProperty("trainingCosts").EnumerateArray().Select(Cost)); // two million tokens at 0.50
        var one = (await server.GetAsync($"{Account}/billingUsage?{March}&usageType=DEDICATED_DEPLOYMENT")).Body;
        Assert.Equal((0, 1), (one.GetProperty("serverlessCosts").GetArrayLength(), one.GetProperty("dedicatedDeploymentCosts").GetArrayLength()));
        Assert.Equal(7200, one.GetProperty("dedicatedDeploymentCosts")[0].GetProperty("acceleratorSeconds").GetDouble());
    }

    [Fact]
    public async Task The_summary_adds_up_by_kind_and_by_day()
    {
        await using var server = await StartAsync();
        var summary = (await server.GetAsync($"{Account}/billing/summary?{March}&granularity=DAILY")).Body;
        Assert.Equal([("SERVERLESS", "0.375"), ("DEDICATED_DEPLOYMENT", "14"), ("TRAINING", "1")], summary.GetProperty("lineItems").EnumerateArray().Select(line => (Text(line, "usageType"), Amount(line.GetProperty("totalCost")))));
        Assert.Equal(["15.125", "0.25"], summary.GetProperty("usageBuckets").EnumerateArray().Select(bucket => Amount(bucket.GetProperty("totalCost"))));
        Assert.Empty((await server.GetAsync($"{Account}/billing/summary?{March}")).Body.GetProperty("usageBuckets").EnumerateArray());
    }

    [Fact]
    public async Task Costs_can_be_asked_by_hour_user_and_key()
    {
        await using var server = await StartAsync();
        var (status, body) = await server.PostAsync($"{Account}/usageCosts:query", """
            {"startTime":"2026-03-10T00:00:00Z","endTime":"2026-03-11T00:00:00Z","dimensions":["HOUR","USER","API_KEY"]}
            """);
        Assert.Equal(200, status);
        var chat = body.GetProperty("usageCosts").EnumerateArray().Single(row => Text(row, "usageType") == "SERVERLESS");
        Assert.Equal(("2026-03-10T05:00:00Z", "2026-03-10T06:00:00Z", "admin", "k1", ""), (Text(chat, "startTime"), Text(chat, "endTime"), Text(chat, "userId"), Text(chat, "apiKeyId"), Text(chat, "modelName")));
        var tokens = (await server.GetAsync($"{Account}/serverlessTokenUsage?{March}")).Body.GetProperty("usage");
        Assert.Equal(2, tokens.GetArrayLength());
    }

    [Theory]
    [InlineData("billingUsage?startTime=2026-01-01T00:00:00Z&endTime=2026-03-01T00:00:00Z", "31 days")]
    [InlineData("billingUsage?startTime=2026-03-02T00:00:00Z&endTime=2026-03-01T00:00:00Z", "after")]
    [InlineData("billingUsage?startTime=yesterday", "is not a time")]
    [InlineData("billingUsage?groupBy=COLOUR", "MODEL, USER, API_KEY or DEPLOYMENT")]
    [InlineData("billingUsage?usageType=FREE", "SERVERLESS")]
    [InlineData("billing/summary?granularity=HOURLY", "DAILY")]
    public async Task A_question_that_makes_no_sense_is_refused(string address, string says)
    {
        await using var server = await TestServer.StartAsync(_directory);
        var (status, body) = await server.GetAsync($"{Account}/{address}");
        Assert.Equal((400, true), (status, body.GetProperty("message").GetString()!.Contains(says)));
    }

    [Fact]
    public async Task A_server_without_prices_charges_nothing_and_a_broken_file_stops_the_start()
    {
        await using (var server = await TestServer.StartAsync(_directory))
        {
            await server.Store.CommitAsync(new Change().Meter(new("chat/1", "local", "chat", "accounts/fireworks/deployments/d", TestServer.Base, server.Server.Services.GetService(typeof(TimeProvider)) is TimeProvider clock ? clock.GetUtcNow() : default) { PromptTokens = 10 }), default);
            Assert.Equal("0", Cost((await server.GetAsync($"{Account}/billingUsage")).Body.GetProperty("serverlessCosts")[0]));
        }
        File.WriteAllText(Path.Combine(_directory, "prices.json"), """[{"from":"2026-01-01T12:00:00Z"}]""");
        Assert.Contains("midnight", (await Assert.ThrowsAsync<InvalidOperationException>(() => TestServer.StartAsync(_directory))).Message);
    }

    private async Task<TestServer> StartAsync()
    {
        File.WriteAllText(Path.Combine(_directory, "prices.json"), """
            [{"version":"b","from":"2026-03-11T00:00:00Z","inference":[{"upTo":4000000000,"perMillion":0.2}]},
             {"version":"a","from":"2026-01-01T00:00:00Z","inference":[{"upTo":4000000000,"perMillion":0.1},{"perMillion":0.9}],"training":[{"upTo":16000000000,"perMillion":0.5}],"acceleratorHour":7}]
            """);
        var server = await TestServer.StartAsync(_directory);
        const string serverless = "accounts/fireworks/deployments/shared", own = "accounts/local/deployments/mine";
        var chat = new UsageEntry("chat/1", "local", "chat", serverless, TestServer.Base, Day.AddHours(5)) { PromptTokens = 1_000_000, CachedTokens = 500_000, CompletionTokens = 500_000, User = "admin", KeyId = "k1" };
        await server.Store.CommitAsync(new Change()
            .Meter(chat)
            .Meter(chat with { Key = "chat/2", At = Day.AddDays(1), User = "bob", KeyId = "k2" })
            .Meter(chat with { Key = "chat/3", Resource = own })
            .Meter(new("replica/1", "local", "replica", own, TestServer.Base, Day) { DurationMilliseconds = 7_200_000, Accelerators = 1 })
            .Meter(new("training/1", "local", "training", "accounts/local/supervisedFineTuningJobs/j", TestServer.Base, Day) { TrainedTokens = 2_000_000 })
            .Meter(chat with { Key = "chat/4", Account = "fireworks" }), default);
        return server;
    }

    private static string Text(JsonElement row, string field) => row.GetProperty(field).GetString()!;

    private static string Cost(JsonElement row) => Amount(row.GetProperty("cost"));

    private static string Amount(JsonElement money) =>
        (decimal.Parse(Text(money, "units")) + money.GetProperty("nanos").GetInt32() / 1_000_000_000m).ToString("0.#########", System.Globalization.CultureInfo.InvariantCulture);
}
